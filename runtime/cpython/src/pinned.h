/* How many frames on the stack can't be suspended and wait for Python: see
   pinned.c. */

#ifndef PYMODE_PINNED_H
#define PYMODE_PINNED_H

int pm_pinned(void);

#endif /* PYMODE_PINNED_H */
