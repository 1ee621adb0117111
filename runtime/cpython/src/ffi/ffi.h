/* What the module _ctypes wants of libffi, as ffi.c does it: types and their
   sizes, and calls of C functions. There are no callbacks from C to Python, since
   nothing makes WebAssembly at run time. */

#ifndef PYMODE_FFI_H
#define PYMODE_FFI_H

#include <stddef.h>

#define HAVE_FFI_PREP_CIF_VAR 1
#define HAVE_FFI_PREP_CLOSURE_LOC 1

enum {
    FFI_TYPE_VOID,
    FFI_TYPE_FLOAT,
    FFI_TYPE_DOUBLE,
    FFI_TYPE_LONGDOUBLE,
    FFI_TYPE_UINT8,
    FFI_TYPE_SINT8,
    FFI_TYPE_UINT16,
    FFI_TYPE_SINT16,
    FFI_TYPE_UINT32,
    FFI_TYPE_SINT32,
    FFI_TYPE_UINT64,
    FFI_TYPE_SINT64,
    FFI_TYPE_POINTER,
    FFI_TYPE_STRUCT,
};

typedef struct _ffi_type {
    size_t size; /* bytes, as is the alignment */
    unsigned short alignment;
    unsigned short type;
    struct _ffi_type **elements; /* of a structure, ended by NULL */
} ffi_type;

extern ffi_type ffi_type_void, ffi_type_float, ffi_type_double, ffi_type_longdouble, ffi_type_pointer;
extern ffi_type ffi_type_uint8, ffi_type_sint8, ffi_type_uint16, ffi_type_sint16;
extern ffi_type ffi_type_uint32, ffi_type_sint32, ffi_type_uint64, ffi_type_sint64;

#define ffi_type_uchar ffi_type_uint8
#define ffi_type_schar ffi_type_sint8
#define ffi_type_ushort ffi_type_uint16
#define ffi_type_sshort ffi_type_sint16
#define ffi_type_uint ffi_type_uint32
#define ffi_type_sint ffi_type_sint32
#define ffi_type_ulong ffi_type_uint32
#define ffi_type_slong ffi_type_sint32

typedef enum { FFI_DEFAULT_ABI = 1 } ffi_abi;
typedef enum { FFI_OK, FFI_BAD_TYPEDEF, FFI_BAD_ABI } ffi_status;
typedef unsigned long ffi_arg; /* what a smaller integer is widened to */

typedef struct {
    unsigned int nargs;
    ffi_type **arg_types;
    ffi_type *rtype;
} ffi_cif;

typedef struct {
    ffi_cif *cif;
} ffi_closure;

ffi_status ffi_prep_cif(ffi_cif *cif, ffi_abi abi, unsigned int nargs, ffi_type *rtype, ffi_type **types);
ffi_status ffi_prep_cif_var(ffi_cif *cif, ffi_abi abi, unsigned int fixed, unsigned int nargs,
                            ffi_type *rtype, ffi_type **types);
void ffi_call(ffi_cif *cif, void (*function)(void), void *result, void **values);
void *ffi_closure_alloc(size_t size, void **code);
void ffi_closure_free(void *closure);
ffi_status ffi_prep_closure_loc(ffi_closure *closure, ffi_cif *cif,
                                void (*function)(ffi_cif *, void *, void **, void *), void *data, void *code);

/* In a branch that is never taken. */
ffi_status ffi_prep_closure(ffi_closure *closure, ffi_cif *cif,
                            void (*function)(ffi_cif *, void *, void **, void *), void *data);

#define FFI_FN(f) ((void (*)(void))(f))

#endif /* PYMODE_FFI_H */
