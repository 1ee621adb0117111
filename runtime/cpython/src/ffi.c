/* Calls of C functions for ctypes, and its libraries, which are side modules.

   A call through a pointer says its whole signature in WebAssembly, so only those
   that are written out here can be made: any number up to eight of integers and
   pointers, or up to three floating-point numbers of one type. Others are refused
   before the call ("ffi_prep_cif failed"); a function that is of another type than
   it is called as ends the instance, where natively it would do anything. */

#include "Python.h"
#include "ffi/ffi.h"
#include "hostcalls.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TYPE(name, kind, ctype) ffi_type ffi_type_##name = {sizeof(ctype), _Alignof(ctype), kind, NULL}

ffi_type ffi_type_void = {1, 1, FFI_TYPE_VOID, NULL};
TYPE(float, FFI_TYPE_FLOAT, float);
TYPE(double, FFI_TYPE_DOUBLE, double);
TYPE(longdouble, FFI_TYPE_LONGDOUBLE, long double);
TYPE(pointer, FFI_TYPE_POINTER, void *);
TYPE(uint8, FFI_TYPE_UINT8, uint8_t);
TYPE(sint8, FFI_TYPE_SINT8, int8_t);
TYPE(uint16, FFI_TYPE_UINT16, uint16_t);
TYPE(sint16, FFI_TYPE_SINT16, int16_t);
TYPE(uint32, FFI_TYPE_UINT32, uint32_t);
TYPE(sint32, FFI_TYPE_SINT32, int32_t);
TYPE(uint64, FFI_TYPE_UINT64, uint64_t);
TYPE(sint64, FFI_TYPE_SINT64, int64_t);

#define MOST_WORDS 8
#define MOST_FLOATS 3

static int
is_word(const ffi_type *type)
{
    return (type->type >= FFI_TYPE_UINT8 && type->type <= FFI_TYPE_SINT32) || type->type == FFI_TYPE_POINTER;
}

ffi_status
ffi_prep_cif(ffi_cif *cif, ffi_abi abi, unsigned int nargs, ffi_type *rtype, ffi_type **types)
{
    *cif = (ffi_cif){nargs, types, rtype};
    if (abi != FFI_DEFAULT_ABI) {
        return FFI_BAD_ABI;
    }
    unsigned int words = 0, alike = 0;
    for (unsigned int i = 0; i < nargs; i++) {
        words += is_word(types[i]);
        alike += types[i]->type == rtype->type;
    }
    if (rtype->type == FFI_TYPE_FLOAT || rtype->type == FFI_TYPE_DOUBLE) {
        if (nargs > 0 && alike == nargs && nargs <= MOST_FLOATS) {
            return FFI_OK;
        }
    }
    else if (rtype->type == FFI_TYPE_LONGDOUBLE || rtype->type == FFI_TYPE_STRUCT) {
        return FFI_BAD_TYPEDEF;
    }
    return words == nargs && nargs <= MOST_WORDS ? FFI_OK : FFI_BAD_TYPEDEF;
}

ffi_status
ffi_prep_cif_var(ffi_cif *cif, ffi_abi abi, unsigned int fixed, unsigned int nargs, ffi_type *rtype,
                 ffi_type **types)
{
    /* Variable arguments are passed in memory. */
    return fixed == nargs ? ffi_prep_cif(cif, abi, nargs, rtype, types) : FFI_BAD_TYPEDEF;
}

static uint32_t
word(const ffi_type *type, const void *value)
{
    switch (type->type) {
    case FFI_TYPE_UINT8:
        return *(const uint8_t *)value;
    case FFI_TYPE_SINT8:
        return (uint32_t)*(const int8_t *)value;
    case FFI_TYPE_UINT16:
        return *(const uint16_t *)value;
    case FFI_TYPE_SINT16:
        return (uint32_t)*(const int16_t *)value;
    default:
        return *(const uint32_t *)value;
    }
}

#define CALL_WORDS(type) \
    switch (cif->nargs) { \
    case 0: return ((type (*)(void))f)(); \
    case 1: return ((type (*)(W))f)(a[0]); \
    case 2: return ((type (*)(W, W))f)(a[0], a[1]); \
    case 3: return ((type (*)(W, W, W))f)(a[0], a[1], a[2]); \
    case 4: return ((type (*)(W, W, W, W))f)(a[0], a[1], a[2], a[3]); \
    case 5: return ((type (*)(W, W, W, W, W))f)(a[0], a[1], a[2], a[3], a[4]); \
    case 6: return ((type (*)(W, W, W, W, W, W))f)(a[0], a[1], a[2], a[3], a[4], a[5]); \
    case 7: return ((type (*)(W, W, W, W, W, W, W))f)(a[0], a[1], a[2], a[3], a[4], a[5], a[6]); \
    default: return ((type (*)(W, W, W, W, W, W, W, W))f)(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]); \
    }

#define CALL_FLOATS(type) \
    switch (cif->nargs) { \
    case 1: return ((type (*)(type))f)(VALUE(type, 0)); \
    case 2: return ((type (*)(type, type))f)(VALUE(type, 0), VALUE(type, 1)); \
    default: return ((type (*)(type, type, type))f)(VALUE(type, 0), VALUE(type, 1), VALUE(type, 2)); \
    }

#define VALUE(type, n) (*(type *)values[n])

typedef uint32_t W;
typedef void (*Function)(void);

static void call_void(ffi_cif *cif, Function f, const W *a) { CALL_WORDS(void) }
static W call_word(ffi_cif *cif, Function f, const W *a) { CALL_WORDS(W) }
static uint64_t call_long(ffi_cif *cif, Function f, const W *a) { CALL_WORDS(uint64_t) }
static float call_float(ffi_cif *cif, Function f, const W *a) { CALL_WORDS(float) }
static double call_double(ffi_cif *cif, Function f, const W *a) { CALL_WORDS(double) }
static float call_floats(ffi_cif *cif, Function f, void **values) { CALL_FLOATS(float) }
static double call_doubles(ffi_cif *cif, Function f, void **values) { CALL_FLOATS(double) }

void
ffi_call(ffi_cif *cif, void (*function)(void), void *result, void **values)
{
    W words[MOST_WORDS] = {0};
    int floats = cif->nargs > 0 && !is_word(cif->arg_types[0]);
    for (unsigned int i = 0; i < cif->nargs && !floats; i++) {
        words[i] = word(cif->arg_types[i], values[i]);
    }
    switch (cif->rtype->type) {
    case FFI_TYPE_VOID:
        call_void(cif, function, words);
        return;
    case FFI_TYPE_FLOAT:
        *(float *)result = floats ? call_floats(cif, function, values) : call_float(cif, function, words);
        return;
    case FFI_TYPE_DOUBLE:
        *(double *)result = floats ? call_doubles(cif, function, values) : call_double(cif, function, words);
        return;
    case FFI_TYPE_UINT64:
    case FFI_TYPE_SINT64:
        *(uint64_t *)result = call_long(cif, function, words);
        return;
    default:
        *(ffi_arg *)result = call_word(cif, function, words);
    }
}

void *
ffi_closure_alloc(size_t size, void **code)
{
    return *code = malloc(size);
}

void
ffi_closure_free(void *closure)
{
    free(closure);
}

ffi_status
ffi_prep_closure_loc(ffi_closure *closure, ffi_cif *cif,
                     void (*function)(ffi_cif *, void *, void **, void *), void *data, void *code)
{
    return FFI_BAD_ABI;
}

ffi_status
ffi_prep_closure(ffi_closure *closure, ffi_cif *cif, void (*function)(ffi_cif *, void *, void **, void *), void *data)
{
    return FFI_BAD_ABI;
}

/* Handles: the interpreter itself, and side modules, the host's handle and 2. */

#define ITSELF ((void *)1)

/* What can be called of the interpreter: a function has no address unless some C
   code takes it. These are what ctypes.pythonapi is used for. */
#define FUNCTION(name) {#name, (void *)name}

static const struct {
    const char *name;
    void *address;
} own_functions[] = {
    FUNCTION(PyBuffer_Release),
    FUNCTION(PyByteArray_AsString),
    FUNCTION(PyBytes_AsString),
    FUNCTION(PyBytes_FromStringAndSize),
    FUNCTION(PyCapsule_GetContext),
    FUNCTION(PyCapsule_GetName),
    FUNCTION(PyCapsule_GetPointer),
    FUNCTION(PyCapsule_IsValid),
    FUNCTION(PyCapsule_New),
    FUNCTION(PyCapsule_SetName),
    FUNCTION(PyErr_Clear),
    FUNCTION(PyMemoryView_FromMemory),
    FUNCTION(PyObject_CheckBuffer),
    FUNCTION(PyObject_GetBuffer),
    FUNCTION(PyUnicode_AsUTF8),
    FUNCTION(Py_DecRef),
    FUNCTION(Py_GetVersion),
    FUNCTION(Py_IncRef),
};

static char error_text[1024];
static int has_error;

static void *
fail(const char *text)
{
    strncpy(error_text, text, sizeof(error_text) - 1);
    has_error = 1;
    return NULL;
}

static void *
fail_as_host(void)
{
    int32_t len = host_dl_error(error_text, sizeof(error_text) - 1);
    error_text[len > 0 && len < (int32_t)sizeof(error_text) ? len : 0] = '\0';
    has_error = 1;
    return NULL;
}

void *
dlopen(const char *path, int mode)
{
    if (path == NULL) {
        return ITSELF;
    }
    int32_t handle = host_dl_open(path, (int32_t)strlen(path));
    return handle >= 0 ? (void *)((uintptr_t)handle + 2) : fail_as_host();
}

void *
dlsym(void *library, const char *name)
{
    if (library == ITSELF) {
        for (size_t i = 0; i < sizeof(own_functions) / sizeof(own_functions[0]); i++) {
            if (strcmp(own_functions[i].name, name) == 0) {
                return own_functions[i].address;
            }
        }
        return fail("ctypes can't call this function of the interpreter");
    }
    int32_t slot = host_dl_sym((int32_t)((uintptr_t)library - 2), name, (int32_t)strlen(name));
    return slot != 0 ? (void *)(uintptr_t)slot : fail_as_host();
}

/* Side modules stay: Python objects may point into them. */
int
dlclose(void *library)
{
    return 0;
}

char *
dlerror(void)
{
    if (!has_error) {
        return NULL;
    }
    has_error = 0;
    return error_text;
}
