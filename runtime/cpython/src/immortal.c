/* Immortal images.

   Reading a Python object writes to it: its reference count goes up and down.
   In an instance mapped copy-on-write from an image, the first such write to a
   page costs a copy of it, and most of a short request's time went there. So
   what is alive when an image is taken is made immortal: CPython 3.12 and later
   neither count references to immortal objects nor free them. Instances live
   for one request, so nothing is lost by keeping what the image holds. */

#include "Python.h"
#include "pycore_object.h"
#include "immortal.h"

static int keep(PyObject *object, void *unused);

static void
keep_code(PyCodeObject *code)
{
    PyObject *parts[] = {
        code->co_consts, code->co_names, code->co_exceptiontable,
        code->co_localsplusnames, code->co_localspluskinds, code->co_filename,
        code->co_name, code->co_qualname, code->co_linetable,
    };
    for (size_t n = 0; n < Py_ARRAY_LENGTH(parts); n++) {
        keep(parts[n], NULL);
    }
}

/* The garbage collector knows only containers that may be part of a cycle. What
   they refer to and it does not know is reached from here; such objects have no
   cycles, so this ends. */
static void
keep_untracked(PyObject *object)
{
    if (PyCode_Check(object)) {
        keep_code((PyCodeObject *)object);
    }
    else if (PyTuple_CheckExact(object)) {
        for (Py_ssize_t n = 0; n < PyTuple_GET_SIZE(object); n++) {
            keep(PyTuple_GET_ITEM(object, n), NULL);
        }
    }
    else if (PyFrozenSet_CheckExact(object) || PyDict_CheckExact(object)) {
        Py_TYPE(object)->tp_traverse(object, keep, NULL);
    }
}

/* Dictionaries whose keys are all strings don't show them to tp_traverse. */
static void
keep_keys(PyObject *dict)
{
    Py_ssize_t position = 0;
    PyObject *key;
    while (PyDict_Next(dict, &position, &key, NULL)) {
        keep(key, NULL);
    }
}

static int
keep(PyObject *object, void *Py_UNUSED(unused))
{
    if (object == NULL || _Py_IsImmortal(object)) {
        return 0;
    }
    object->ob_refcnt = _Py_IMMORTAL_REFCNT;
    if (PyDict_Check(object)) {
        keep_keys(object);
    }
    if (!PyObject_IS_GC(object) || !PyObject_GC_IsTracked(object)) {
        keep_untracked(object);
    }
    return 0;
}

static int
keep_tracked(PyObject *object, void *Py_UNUSED(unused))
{
    keep(object, NULL);
    traverseproc traverse = Py_TYPE(object)->tp_traverse;
    if (traverse != NULL) {
        traverse(object, keep, NULL);
    }
    return 1;
}

void
pm_immortalize(void)
{
    PyUnstable_GC_VisitObjects(keep_tracked, NULL);
}
