/* The modules that are in python.wasm itself, in place of CPython's list: those
   that import the archive of the standard library. All others are in the archive,
   and these are not, so that no deployed worker has a module twice. */

#include "Python.h"
#include "pycore_import.h"

#include "Python/frozen_modules/abc.h"
#include "Python/frozen_modules/importlib._bootstrap.h"
#include "Python/frozen_modules/importlib._bootstrap_external.h"
#include "Python/frozen_modules/io.h"
#include "Python/frozen_modules/zipimport.h"

#define MODULE(name, code) {name, code, (int)sizeof(code), 0}

static const struct _frozen bootstrap[] = {
    MODULE("_frozen_importlib", _Py_M__importlib__bootstrap),
    MODULE("_frozen_importlib_external", _Py_M__importlib__bootstrap_external),
    MODULE("zipimport", _Py_M__zipimport),
    {0},
};

/* What zipimport imports. */
static const struct _frozen library[] = {
    MODULE("abc", _Py_M__abc),
    MODULE("io", _Py_M__io),
    {0},
};

static const struct _frozen none[] = {{0}};

/* Modules whose code is that of a module of another name. */
static const struct _module_alias aliases[] = {
    {"_frozen_importlib", "importlib._bootstrap"},
    {"_frozen_importlib_external", "importlib._bootstrap_external"},
    {0},
};

const struct _frozen *_PyImport_FrozenBootstrap = bootstrap;
const struct _frozen *_PyImport_FrozenStdlib = library;
const struct _frozen *_PyImport_FrozenTest = none;
const struct _module_alias *_PyImport_FrozenAliases = aliases;
const struct _frozen *PyImport_FrozenModules = NULL;
