/* See immortal.c. */

#ifndef PYMODE_IMMORTAL_H
#define PYMODE_IMMORTAL_H

/* Makes all objects immortal that are alive now. */
void pm_immortalize(void);

#endif /* PYMODE_IMMORTAL_H */
