/* Calls of C functions through pointers that may have the wrong type.

   C code in the wild casts functions of one argument to PyCFunction, and a
   native ABI forgives it; WebAssembly's call_indirect traps. CPython has hooks
   for this ("trampolines"), which it uses on Emscripten only: macros of
   pycore_emscripten_trampoline.h. This header, forced in with -include, takes
   that header's place by its include guard. It stands before Python.h and so
   includes nothing and speaks of void pointers.

   pm_arity[slot] is the number of parameters plus one of the side module's
   function in table slot `slot`, where all of them and its only result are
   i32, else 0. The dynamic linker fills it (see arity.c). */

#ifndef Py_EMSCRIPTEN_TRAMPOLINE_H
#define Py_EMSCRIPTEN_TRAMPOLINE_H

extern unsigned char *pm_arity;
extern unsigned int pm_arity_len;

typedef void *(*pm_function0)(void);
typedef void *(*pm_function1)(void *);
typedef void *(*pm_function2)(void *, void *);
typedef void *(*pm_function3)(void *, void *, void *);

static inline void *
pm_call(void *function, void *a, void *b, void *c, int nominal)
{
    unsigned long slot = (unsigned long)function;
    int known = slot < pm_arity_len ? pm_arity[slot] : 0;
    switch (known ? known - 1 : nominal) {
    case 0:
        return ((pm_function0)function)();
    case 1:
        return ((pm_function1)function)(a);
    case 2:
        return ((pm_function2)function)(a, b);
    default:
        return ((pm_function3)function)(a, b, c);
    }
}

#define _Py_EmscriptenTrampoline_Init(runtime)

#define _PyCFunction_TrampolineCall(meth, self, args) \
    pm_call((void *)(meth), (self), (args), 0, 2)

#define _PyCFunctionWithKeywords_TrampolineCall(meth, self, args, kw) \
    pm_call((void *)(meth), (self), (args), (kw), 3)

#define descr_set_trampoline_call(set, obj, value, closure) \
    ((int)(unsigned long)pm_call((void *)(set), (obj), (value), (closure), 3))

#define descr_get_trampoline_call(get, obj, closure) \
    pm_call((void *)(get), (obj), (closure), 0, 2)

#endif /* Py_EMSCRIPTEN_TRAMPOLINE_H */
