/* Extension modules from side modules: in the place of dynload_shlib.c, this
   turns `import markupsafe._speedups` into dl_open of the .wasm file and
   dl_sym of PyInit__speedups. */

#include "Python.h"
#include "pycore_importdl.h"
#include "hostcalls.h"

#include <string.h>

const char *_PyImport_DynLoadFiletab[] = {".wasm", NULL};

static void
raise_import_error(const char *module, const char *path)
{
    char text[1024];
    int32_t len = host_dl_error(text, sizeof(text));
    if (len < 0 || len > (int32_t)sizeof(text)) {
        len = 0;
    }
    PyObject *message = PyUnicode_DecodeUTF8(text, len, "replace");
    PyObject *name = PyUnicode_FromString(module);
    PyObject *where = PyUnicode_DecodeFSDefault(path);
    if (message != NULL && name != NULL && where != NULL) {
        PyErr_SetImportError(message, name, where);
    }
    Py_XDECREF(message);
    Py_XDECREF(name);
    Py_XDECREF(where);
}

dl_funcptr
_PyImport_FindSharedFuncptr(const char *prefix, const char *shortname,
                            const char *pathname, FILE *Py_UNUSED(fp))
{
    char symbol[258];
    PyOS_snprintf(symbol, sizeof(symbol), "%.20s_%.200s", prefix, shortname);
    int32_t slot = 0;
    int32_t handle = host_dl_open(pathname, (int32_t)strlen(pathname));
    if (handle >= 0) {
        slot = host_dl_sym(handle, symbol, (int32_t)strlen(symbol));
    }
    if (slot == 0) {
        raise_import_error(shortname, pathname);
        return NULL;
    }
    return (dl_funcptr)(uintptr_t)slot;
}
