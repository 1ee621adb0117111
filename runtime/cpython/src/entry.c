/* The entry points of python.wasm.

   A worker's life: pm_boot starts the interpreter (the base image is taken
   after it), pm_load imports the worker's code (the worker image), _start
   answers one request: JSON on stdin, JSON on stdout. A host that knows no
   images calls _start alone, with the configuration in PYMODE_CONFIG.

   pm_python is the interpreter as a command. */

#include "Python.h"
#include "pycore_ceval.h"
#include "pycore_pystate.h"
#include "hostcalls.h"
#include "immortal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>

#define EXPORT(name) __attribute__((export_name(#name)))

#define STDLIB L"/usr/lib/python313.zip"
#define DYNLOAD L"/usr/lib/lib-dynload"
#define TESTSUITE L"/usr/lib/python3.13"

PyMODINIT_FUNC PyInit__pymode(void);
void _initialize(void);

/* Functions of pymode._worker, kept from pm_boot on. */
static PyObject *load;
static PyObject *serve;

/* Memory for the host to write arguments into; pm_load frees its own. */
EXPORT(pm_alloc) void *
pm_alloc(int32_t size)
{
    return malloc((size_t)size);
}

/* What every loop calls when the checks have counted down (see wasmbin). It
   interrupts arbitrary C code, so like a signal handler it only sets flags,
   which the evaluation loop looks at before the next line of Python. */
EXPORT(pm_yield) void
pm_yield(void)
{
    int32_t what = host_yield();
    if (what == 0) {
        return;
    }
    PyThreadState *tstate = _PyThreadState_GET();
    if (tstate == NULL) {
        /* C code that has released the GIL. There is no other thread. */
        tstate = _PyRuntime.main_tstate;
    }
    if (tstate == NULL) {
        return;
    }
    if (what & PM_STOP_INTERRUPT) {
        PyErr_SetInterruptEx(SIGINT);
    }
    if ((what & PM_STOP_CPU) && pm_cpu_time_exceeded != NULL
        && tstate->async_exc == NULL)
    {
        tstate->async_exc = Py_NewRef(pm_cpu_time_exceeded);
        _Py_set_eval_breaker_bit(tstate, _PY_ASYNC_EXCEPTION_BIT);
    }
}

/* The host's way to interrupt while the guest waits in a host call. */
EXPORT(pm_interrupt) void
pm_interrupt(void)
{
    PyErr_SetInterruptEx(SIGINT);
}

/* Which of the descriptors 0 to 2 are terminals, as bits. */
static int terminals;

/* In place of libc's: a host that can be interrupted while it reads has to
   offer its terminal as a stream, which WASI doesn't call a terminal. */
int
isatty(int fd)
{
    if (fd >= 0 && fd <= 2 && (terminals & (1 << fd)) != 0) {
        return 1;
    }
    errno = ENOTTY;
    return 0;
}

static int
report(PyStatus status)
{
    if (PyStatus_IsExit(status)) {
        return status.exitcode;
    }
    fprintf(stderr, "%s: %s\n", status.func ? status.func : "python",
            status.err_msg ? status.err_msg : "cannot start");
    return 1;
}

static int
report_exception(void)
{
    PyErr_Print();
    fflush(stderr);
    return 1;
}

/* The paths that the interpreter would search for, which are known here. */
static PyStatus
set_paths(PyConfig *config)
{
    PyStatus status = PyConfig_SetString(config, &config->home, L"/usr");
    if (!PyStatus_Exception(status)) {
        status = PyConfig_SetString(config, &config->executable, L"/usr/bin/python3");
    }
    if (!PyStatus_Exception(status)) {
        status = PyWideStringList_Append(&config->module_search_paths, STDLIB);
    }
    if (!PyStatus_Exception(status)) {
        status = PyWideStringList_Append(&config->module_search_paths, DYNLOAD);
    }
    config->module_search_paths_set = 1;
    return status;
}

static PyStatus
register_module(void)
{
    if (PyImport_AppendInittab("_pymode", PyInit__pymode) < 0) {
        return PyStatus_NoMemory();
    }
    return PyStatus_Ok();
}

static PyStatus
start_interpreter(void)
{
    PyPreConfig preconfig;
    PyPreConfig_InitIsolatedConfig(&preconfig);
    preconfig.utf8_mode = 1;
    PyStatus status = Py_PreInitialize(&preconfig);
    if (PyStatus_Exception(status)) {
        return status;
    }
    status = register_module();
    if (PyStatus_Exception(status)) {
        return status;
    }
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    config.install_signal_handlers = 0;
    config.write_bytecode = 0;
    status = set_paths(&config);
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    return status;
}

/* Starts the interpreter and imports the prelude: 0, or 1 with a message on
   stderr. */
EXPORT(pm_boot) int32_t
pm_boot(void)
{
    PyStatus status = start_interpreter();
    if (PyStatus_Exception(status)) {
        return report(status);
    }
    PyObject *worker = PyImport_ImportModule("pymode._worker");
    if (worker == NULL) {
        return report_exception();
    }
    PyObject *booted = PyObject_CallMethod(worker, "boot", NULL);
    load = PyObject_GetAttrString(worker, "load");
    serve = PyObject_GetAttrString(worker, "serve");
    Py_DECREF(worker);
    if (booted == NULL || load == NULL || serve == NULL) {
        return report_exception();
    }
    Py_DECREF(booted);
    pm_immortalize();
    return 0;
}

/* Room in an image for what a short request allocates. An instance whose memory
   has not grown can be made equal to the image again, and serve the next
   request, with the pages at hand that this one touched. */
#define ROOM (2 << 20)

static void
make_room(void)
{
    void *volatile room = malloc(ROOM); /* volatile, or the compiler leaves it out */
    free(room);
}

/* Imports the worker that `config` (JSON, from pm_alloc, freed here) names:
   0 when it can serve, 1 when it can't and the host has been told why. */
EXPORT(pm_load) int32_t
pm_load(char *config, int32_t len)
{
    PyObject *json = PyBytes_FromStringAndSize(config, len);
    free(config);
    if (json == NULL) {
        return report_exception();
    }
    PyObject *loaded = PyObject_CallOneArg(load, json);
    Py_DECREF(json);
    if (loaded == NULL) {
        return report_exception();
    }
    int ok = PyObject_IsTrue(loaded);
    Py_DECREF(loaded);
    if (ok == 1) {
        pm_immortalize();
        make_room();
    }
    return ok == 1 ? 0 : 1;
}

/* Answers one request. */
EXPORT(_start) void
pm_start(void)
{
    if (serve == NULL) {
        _initialize();
        if (pm_boot() != 0) {
            exit(70);
        }
        const char *config = getenv("PYMODE_CONFIG");
        char *copy = strdup(config != NULL ? config : "{}");
        if (copy == NULL || pm_load(copy, (int32_t)strlen(copy)) != 0) {
            exit(70);
        }
    }
    PyObject *served = PyObject_CallNoArgs(serve);
    if (served == NULL) {
        report_exception();
        exit(70);
    }
    Py_DECREF(served);
}

static PyStatus
add_python_path(PyConfig *config)
{
    const char *value = getenv("PYTHONPATH");
    if (value == NULL || *value == '\0') {
        return PyStatus_Ok();
    }
    wchar_t *path = Py_DecodeLocale(value, NULL);
    if (path == NULL) {
        return PyStatus_NoMemory();
    }
    PyStatus status = PyStatus_Ok();
    wchar_t *rest = NULL;
    for (wchar_t *dir = wcstok(path, L":", &rest); dir != NULL;
         dir = wcstok(NULL, L":", &rest))
    {
        status = PyWideStringList_Append(&config->module_search_paths, dir);
        if (PyStatus_Exception(status)) {
            break;
        }
    }
    PyMem_RawFree(path);
    return status;
}

static int
install_command_support(void)
{
    PyObject *module = PyImport_ImportModule("pymode._command");
    if (module == NULL) {
        return -1;
    }
    PyObject *installed = PyObject_CallMethod(module, "install", NULL);
    Py_DECREF(module);
    Py_XDECREF(installed);
    return installed == NULL ? -1 : 0;
}

/* The interpreter as a command, with the arguments and the environment that
   WASI gives: the exit code. */
EXPORT(pm_python) int32_t
pm_python(void)
{
    size_t argc, size;
    if (__wasi_args_sizes_get(&argc, &size) != 0) {
        return 1;
    }
    char **argv = calloc(argc + 1, sizeof(char *));
    char *text = malloc(size + 1);
    if (argv == NULL || text == NULL || __wasi_args_get((uint8_t **)argv, (uint8_t *)text) != 0) {
        return 1;
    }
    const char *mask = getenv("PYMODE_TERMINALS");
    if (mask != NULL) {
        terminals = atoi(mask);
        unsetenv("PYMODE_TERMINALS");
    }
    const char *directory = getenv("PWD");
    if (directory != NULL && chdir(directory) != 0) {
        perror(directory);
        return 1;
    }
    PyPreConfig preconfig;
    PyPreConfig_InitPythonConfig(&preconfig);
    preconfig.utf8_mode = 1;
    PyStatus status = Py_PreInitializeFromBytesArgs(&preconfig, (Py_ssize_t)argc, argv);
    if (!PyStatus_Exception(status)) {
        status = register_module();
    }
    if (PyStatus_Exception(status)) {
        return report(status);
    }
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    status = add_python_path(&config);
    if (!PyStatus_Exception(status)) {
        status = set_paths(&config);
    }
    if (!PyStatus_Exception(status)) {
        status = PyWideStringList_Append(&config.module_search_paths, TESTSUITE);
    }
    if (!PyStatus_Exception(status)) {
        config.write_bytecode = 0;
        status = PyConfig_SetBytesArgv(&config, (Py_ssize_t)argc, argv);
    }
    if (!PyStatus_Exception(status)) {
        status = Py_InitializeFromConfig(&config);
    }
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status)) {
        return report(status);
    }
    if (install_command_support() < 0) {
        return report_exception();
    }
    return Py_RunMain();
}
