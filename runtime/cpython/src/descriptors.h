/* What the C library's headers leave out, since WASI has no such call. Forced in
   with -include, it stands before Python.h and so includes nothing. */

#ifndef PYMODE_DESCRIPTORS_H
#define PYMODE_DESCRIPTORS_H

int dup(int fd);
int dup2(int from, int to);
int dup3(int from, int to, int flags);

#endif /* PYMODE_DESCRIPTORS_H */
