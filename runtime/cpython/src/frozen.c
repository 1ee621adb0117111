/* The modules that are in python.wasm itself, in place of CPython's list: those
   that every start imports. CPython's has ntpath, runpy and parts of importlib
   too, which are in the standard library's archive, so that each deployed worker
   would have them twice. */

#include "Python.h"
#include "pycore_import.h"

#include "Python/frozen_modules/__hello__.h"
#include "Python/frozen_modules/__phello__.h"
#include "Python/frozen_modules/__phello__.ham.eggs.h"
#include "Python/frozen_modules/__phello__.ham.h"
#include "Python/frozen_modules/__phello__.spam.h"
#include "Python/frozen_modules/_collections_abc.h"
#include "Python/frozen_modules/_sitebuiltins.h"
#include "Python/frozen_modules/abc.h"
#include "Python/frozen_modules/codecs.h"
#include "Python/frozen_modules/frozen_only.h"
#include "Python/frozen_modules/genericpath.h"
#include "Python/frozen_modules/importlib._bootstrap.h"
#include "Python/frozen_modules/importlib._bootstrap_external.h"
#include "Python/frozen_modules/io.h"
#include "Python/frozen_modules/os.h"
#include "Python/frozen_modules/posixpath.h"
#include "Python/frozen_modules/site.h"
#include "Python/frozen_modules/stat.h"
#include "Python/frozen_modules/zipimport.h"

#define MODULE(name, code) {name, code, (int)sizeof(code), 0}
#define PACKAGE(name, code) {name, code, (int)sizeof(code), 1}

static const struct _frozen bootstrap[] = {
    MODULE("_frozen_importlib", _Py_M__importlib__bootstrap),
    MODULE("_frozen_importlib_external", _Py_M__importlib__bootstrap_external),
    MODULE("zipimport", _Py_M__zipimport),
    {0},
};

static const struct _frozen library[] = {
    MODULE("_collections_abc", _Py_M___collections_abc),
    MODULE("_sitebuiltins", _Py_M___sitebuiltins),
    MODULE("abc", _Py_M__abc),
    MODULE("codecs", _Py_M__codecs),
    MODULE("genericpath", _Py_M__genericpath),
    MODULE("io", _Py_M__io),
    MODULE("os", _Py_M__os),
    MODULE("os.path", _Py_M__posixpath),
    MODULE("posixpath", _Py_M__posixpath),
    MODULE("site", _Py_M__site),
    MODULE("stat", _Py_M__stat),
    {0},
};

/* 3 kB that CPython's own tests import. */
static const struct _frozen tests[] = {
    MODULE("__hello__", _Py_M____hello__),
    MODULE("__hello_alias__", _Py_M____hello__),
    MODULE("__hello_only__", _Py_M__frozen_only),
    PACKAGE("__phello__", _Py_M____phello__),
    MODULE("__phello__.__init__", _Py_M____phello__),
    PACKAGE("__phello__.ham", _Py_M____phello___ham),
    MODULE("__phello__.ham.__init__", _Py_M____phello___ham),
    MODULE("__phello__.ham.eggs", _Py_M____phello___ham_eggs),
    MODULE("__phello__.spam", _Py_M____phello___spam),
    PACKAGE("__phello_alias__", _Py_M____hello__),
    MODULE("__phello_alias__.spam", _Py_M____hello__),
    {0},
};

/* Modules whose code is that of a module of another name. */
static const struct _module_alias aliases[] = {
    {"_frozen_importlib", "importlib._bootstrap"},
    {"_frozen_importlib_external", "importlib._bootstrap_external"},
    {"os.path", "posixpath"},
    {"__hello_alias__", "__hello__"},
    {"__hello_only__", NULL},
    {"__phello__.__init__", "<__phello__"},
    {"__phello__.ham.__init__", "<__phello__.ham"},
    {"__phello_alias__", "__hello__"},
    {"__phello_alias__.spam", "__hello__"},
    {0},
};

const struct _frozen *_PyImport_FrozenBootstrap = bootstrap;
const struct _frozen *_PyImport_FrozenStdlib = library;
const struct _frozen *_PyImport_FrozenTest = tests;
const struct _module_alias *_PyImport_FrozenAliases = aliases;
const struct _frozen *PyImport_FrozenModules = NULL;
