/* The number of parameters of side modules' functions, by table slot: what
   trampoline.h looks up before it calls through a pointer of the wrong type.
   The dynamic linker asks for room and writes the bytes itself. */

#include <stdlib.h>
#include <string.h>

unsigned char *pm_arity;
unsigned int pm_arity_len;

/* Returns the address of room for slots 0 to `slots` - 1, or NULL without
   memory. What was known before stays; new slots are 0, "not known". */
__attribute__((export_name("pm_arity_reserve"))) unsigned char *
pm_arity_reserve(unsigned int slots)
{
    if (slots <= pm_arity_len) {
        return pm_arity;
    }
    unsigned char *grown = realloc(pm_arity, slots);
    if (grown == NULL) {
        return NULL;
    }
    memset(grown + pm_arity_len, 0, slots - pm_arity_len);
    pm_arity = grown;
    pm_arity_len = slots;
    return grown;
}
