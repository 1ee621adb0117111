/* The floating-point environment in software.

   WebAssembly has no status register: no operation raises a flag and rounding
   is to nearest. Code that raises and tests flags itself (a singular matrix in
   numpy.linalg, an integer division by zero in a ufunc) still means something
   by them, so they are kept here, sticky as in hardware. Linked first, this
   object takes the place of libc's fenv, which forgets everything. */

#include <stdint.h>

static int flags;

int
feclearexcept(int mask)
{
    flags &= ~mask;
    return 0;
}

int
feraiseexcept(int mask)
{
    flags |= mask;
    return 0;
}

int
fetestexcept(int mask)
{
    return flags & mask;
}

int
fegetround(void)
{
    return 0; /* FE_TONEAREST, the only one there is */
}

int
__fesetround(int round)
{
    return round != 0;
}

/* fenv_t is an unsigned long in this libc; (fenv_t *)-1 is FE_DFL_ENV. */

int
fegetenv(unsigned long *env)
{
    *env = (unsigned long)flags;
    return 0;
}

int
fesetenv(const unsigned long *env)
{
    flags = (intptr_t)env == -1 ? 0 : (int)*env;
    return 0;
}
