/* The extension module _pymode: each host import as a Python function, in
   Python's types. What it means to a worker is up to the package pymode. */

#include "Python.h"
#include "hostcalls.h"
#include "pinned.h"

#include <stdint.h>
#include <string.h>

/* Enough for most results; a larger one costs a second call. */
#define FIRST_BUFFER 4096

PyObject *pm_cpu_time_exceeded;
static PyObject *host_error;

PyDoc_STRVAR(cpu_time_exceeded_doc,
"The worker has used up its CPU time.\n\n"
"Raised in the line that is running. It derives from BaseException, so that\n"
"`except Exception` does not keep a worker alive; one that catches it anyway\n"
"is ended a second later.");

/* Results of unknown length: ASK calls the host with a buffer and gives the
   whole length or -1; `text` is NULL, or what -1 means as an exception. */

typedef struct {
    PyObject *bytes;
    char *data;
    int32_t size;
} Buffer;

static int
buffer_init(Buffer *buffer, int32_t size)
{
    buffer->bytes = PyBytes_FromStringAndSize(NULL, size);
    if (buffer->bytes == NULL) {
        return -1;
    }
    buffer->data = PyBytes_AS_STRING(buffer->bytes);
    buffer->size = size;
    return 0;
}

/* True when the result has to be asked for again, in a buffer that is now
   large enough (or could not be had: buffer->bytes is NULL). */
static int
buffer_too_small(Buffer *buffer, int32_t len)
{
    if (len <= buffer->size) {
        return 0;
    }
    Py_CLEAR(buffer->bytes);
    return buffer_init(buffer, len) == 0;
}

/* The result of `len` bytes, None for a negative length. */
static PyObject *
buffer_finish(Buffer *buffer, int32_t len)
{
    if (buffer->bytes == NULL) {
        return NULL;
    }
    if (len < 0) {
        Py_DECREF(buffer->bytes);
        Py_RETURN_NONE;
    }
    if (len < buffer->size) {
        _PyBytes_Resize(&buffer->bytes, len);
    }
    return buffer->bytes;
}

#define RETURN_RESULT(ASK) \
    do { \
        Buffer buffer; \
        if (buffer_init(&buffer, FIRST_BUFFER) < 0) { \
            return NULL; \
        } \
        int32_t len = (ASK); \
        if (buffer_too_small(&buffer, len)) { \
            len = (ASK); \
        } \
        return buffer_finish(&buffer, len); \
    } while (0)

/* Lengths are 32 bits wide, as is Py_ssize_t here. */
#define LEN(n) ((int32_t)(n))

/* A host that can't block lets go of the whole stack while a call waits, and
   every function on it has to be made for that (see pinned.c). Where one is not,
   the call is refused before it reaches the host. */
static int
cannot_wait(void)
{
    if (pm_pinned() == 0) {
        return 0;
    }
    PyErr_SetString(PyExc_RuntimeError,
                    "a host call can't wait here: Python was called by C code that can't be "
                    "suspended, as for __del__, __hash__, weakref callbacks, pickle or an "
                    "extension module; make the call outside of it");
    return 1;
}

/* TCP */

static PyObject *
tcp_connect(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *host;
    Py_ssize_t host_len;
    int port;
    if (cannot_wait()) {
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "s#i:tcp_connect", &host, &host_len, &port)) {
        return NULL;
    }
    return PyLong_FromLong(host_tcp_connect(host, LEN(host_len), port));
}

static PyObject *
tcp_send(PyObject *Py_UNUSED(module), PyObject *args)
{
    int id;
    Py_buffer data;
    if (cannot_wait()) {
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "iy*:tcp_send", &id, &data)) {
        return NULL;
    }
    int32_t sent = host_tcp_send(id, data.buf, LEN(data.len));
    PyBuffer_Release(&data);
    return PyLong_FromLong(sent);
}

static PyObject *
tcp_recv(PyObject *Py_UNUSED(module), PyObject *args)
{
    int id, size;
    if (cannot_wait()) {
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "ii:tcp_recv", &id, &size)) {
        return NULL;
    }
    if (size < 0) {
        PyErr_SetString(PyExc_ValueError, "negative buffer size in tcp_recv");
        return NULL;
    }
    Buffer buffer;
    if (buffer_init(&buffer, size) < 0) {
        return NULL;
    }
    return buffer_finish(&buffer, host_tcp_recv(id, buffer.data, size));
}

static PyObject *
tcp_close(PyObject *Py_UNUSED(module), PyObject *args)
{
    int id;
    if (!PyArg_ParseTuple(args, "i:tcp_close", &id)) {
        return NULL;
    }
    host_tcp_close(id);
    Py_RETURN_NONE;
}

/* HTTP */

static PyObject *
http_fetch_full(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *url, *method, *body, *headers;
    Py_ssize_t url_len, method_len, body_len, headers_len;
    if (cannot_wait()) {
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "s#s#y#s#:http_fetch_full", &url, &url_len, &method,
                          &method_len, &body, &body_len, &headers, &headers_len))
    {
        return NULL;
    }
    RETURN_RESULT(host_http_fetch_full(url, LEN(url_len), method, LEN(method_len),
                                       body, LEN(body_len), headers, LEN(headers_len),
                                       buffer.data, buffer.size));
}

/* KV and R2. The functions of one shape share its parsing. */

typedef int32_t (*get_function)(const char *, int32_t, char *, int32_t);
typedef void (*put_function)(const char *, int32_t, const char *, int32_t);

static PyObject *
get(get_function host, const char *format, PyObject *args)
{
    const char *key;
    Py_ssize_t key_len;
    if (!PyArg_ParseTuple(args, format, &key, &key_len)) {
        return NULL;
    }
    RETURN_RESULT(host(key, LEN(key_len), buffer.data, buffer.size));
}

static PyObject *
put(put_function host, const char *format, PyObject *args)
{
    const char *key;
    Py_ssize_t key_len;
    Py_buffer value;
    if (!PyArg_ParseTuple(args, format, &key, &key_len, &value)) {
        return NULL;
    }
    host(key, LEN(key_len), value.buf, LEN(value.len));
    PyBuffer_Release(&value);
    Py_RETURN_NONE;
}

static PyObject *
kv_get(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (cannot_wait()) {
        return NULL;
    }
    return get(host_kv_get, "y#:kv_get", args);
}

static PyObject *
kv_put(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (cannot_wait()) {
        return NULL;
    }
    return put(host_kv_put, "y#y*:kv_put", args);
}

static PyObject *
kv_delete(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *key;
    Py_ssize_t key_len;
    if (cannot_wait()) {
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "y#:kv_delete", &key, &key_len)) {
        return NULL;
    }
    host_kv_delete(key, LEN(key_len));
    Py_RETURN_NONE;
}

static PyObject *
kv_multi_get(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (cannot_wait()) {
        return NULL;
    }
    return get(host_kv_multi_get, "y#:kv_multi_get", args);
}

static PyObject *
kv_multi_put(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer data;
    if (cannot_wait()) {
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "y*:kv_multi_put", &data)) {
        return NULL;
    }
    host_kv_multi_put(data.buf, LEN(data.len));
    PyBuffer_Release(&data);
    Py_RETURN_NONE;
}

static PyObject *
r2_get(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (cannot_wait()) {
        return NULL;
    }
    return get(host_r2_get, "y#:r2_get", args);
}

static PyObject *
r2_put(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (cannot_wait()) {
        return NULL;
    }
    return put(host_r2_put, "y#y*:r2_put", args);
}

/* D1 */

static PyObject *
d1_exec(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *sql, *params;
    Py_ssize_t sql_len, params_len;
    if (cannot_wait()) {
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "s#s#:d1_exec", &sql, &sql_len, &params, &params_len)) {
        return NULL;
    }
    RETURN_RESULT(host_d1_exec(sql, LEN(sql_len), params, LEN(params_len),
                               buffer.data, buffer.size));
}

static PyObject *
d1_batch(PyObject *Py_UNUSED(module), PyObject *args)
{
    if (cannot_wait()) {
        return NULL;
    }
    return get(host_d1_batch, "s#:d1_batch", args);
}

static PyObject *
env_get(PyObject *Py_UNUSED(module), PyObject *args)
{
    return get(host_env_get, "s#:env_get", args);
}

/* Children */

static PyObject *
thread_spawn(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer code, input;
    if (cannot_wait()) {
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "y*y*:thread_spawn", &code, &input)) {
        return NULL;
    }
    int32_t handle = host_thread_spawn(code.buf, LEN(code.len), input.buf, LEN(input.len));
    PyBuffer_Release(&code);
    PyBuffer_Release(&input);
    return PyLong_FromLong(handle);
}

static PyObject *
thread_join(PyObject *Py_UNUSED(module), PyObject *args)
{
    int handle;
    if (cannot_wait()) {
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "i:thread_join", &handle)) {
        return NULL;
    }
    RETURN_RESULT(host_thread_join(handle, buffer.data, buffer.size));
}

/* Side modules */

static PyObject *
dl_open(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *path;
    Py_ssize_t path_len;
    if (cannot_wait()) {
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "s#:dl_open", &path, &path_len)) {
        return NULL;
    }
    return PyLong_FromLong(host_dl_open(path, LEN(path_len)));
}

static PyObject *
dl_sym(PyObject *Py_UNUSED(module), PyObject *args)
{
    int handle;
    const char *symbol;
    Py_ssize_t symbol_len;
    if (!PyArg_ParseTuple(args, "is#:dl_sym", &handle, &symbol, &symbol_len)) {
        return NULL;
    }
    return PyLong_FromLong(host_dl_sym(handle, symbol, LEN(symbol_len)));
}

static PyObject *
dl_close(PyObject *Py_UNUSED(module), PyObject *args)
{
    int handle;
    if (!PyArg_ParseTuple(args, "i:dl_close", &handle)) {
        return NULL;
    }
    host_dl_close(handle);
    Py_RETURN_NONE;
}

static PyObject *
dl_error(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(args))
{
    char text[1024];
    int32_t len = host_dl_error(text, sizeof(text));
    if (len < 0 || len > (int32_t)sizeof(text)) {
        len = 0;
    }
    return PyUnicode_DecodeUTF8(text, len, "replace");
}

/* The rest */

static PyObject *
zerobuf_exchange_ptr(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(args))
{
    return PyLong_FromLong(host_zerobuf_exchange_ptr());
}

static PyObject *
console_log(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *message;
    Py_ssize_t len;
    if (!PyArg_ParseTuple(args, "s#:console_log", &message, &len)) {
        return NULL;
    }
    host_console_log(message, LEN(len));
    Py_RETURN_NONE;
}

PyDoc_STRVAR(call_doc,
"call(op, args=b'{}', data=b'') -> (result, data)\n\n"
"The general host call: JSON and bytes in, JSON and bytes out. Raises\n"
"HostError with the host's text.");

static PyObject *
take_error(int32_t handle, int32_t len)
{
    char *text = PyMem_Malloc((size_t)len);
    if (text == NULL) {
        return PyErr_NoMemory();
    }
    host_result(handle, text, len);
    PyObject *message = PyUnicode_DecodeUTF8(text, len, "replace");
    PyMem_Free(text);
    if (message != NULL) {
        PyErr_SetObject(host_error, message);
        Py_DECREF(message);
    }
    return NULL;
}

/* Splits [u32 LE json_len][JSON][bytes]. The host is trusted no further than
   this needs. */
static PyObject *
take_result(int32_t handle, int32_t len)
{
    if (len == 0) {
        return Py_BuildValue("(yy)", "", "");
    }
    char *packed = PyMem_Malloc((size_t)len);
    if (packed == NULL) {
        return PyErr_NoMemory();
    }
    host_result(handle, packed, len);
    uint32_t json_len = 0;
    if (len >= 4) {
        memcpy(&json_len, packed, 4);
    }
    PyObject *result = NULL;
    if (len < 4 || json_len > (uint32_t)len - 4) {
        PyErr_SetString(host_error, "malformed result of a host call");
    }
    else {
        result = Py_BuildValue("(y#y#)", packed + 4, (Py_ssize_t)json_len,
                               packed + 4 + json_len, (Py_ssize_t)(len - 4 - json_len));
    }
    PyMem_Free(packed);
    return result;
}

/* Inlined into both: what calls the host by name can be suspended. */
static Py_ALWAYS_INLINE inline PyObject *
exchange(PyObject *const *args, Py_ssize_t nargs, int may_wait)
{
    Py_ssize_t op_len;
    const char *op;
    char *json = "{}", *data = "";
    Py_ssize_t json_len = 2, data_len = 0;
    if (nargs < 1 || nargs > 3) {
        PyErr_SetString(PyExc_TypeError, "an op, JSON and bytes are wanted");
        return NULL;
    }
    if (may_wait && cannot_wait()) {
        return NULL;
    }
    op = PyUnicode_AsUTF8AndSize(args[0], &op_len);
    if (op == NULL
        || (nargs > 1 && PyBytes_AsStringAndSize(args[1], &json, &json_len) < 0)
        || (nargs > 2 && PyBytes_AsStringAndSize(args[2], &data, &data_len) < 0))
    {
        return NULL;
    }
    char small[512];
    char *packed = small;
    size_t size = 4 + (size_t)json_len + (size_t)data_len;
    if (size > sizeof(small) && (packed = PyMem_Malloc(size)) == NULL) {
        return PyErr_NoMemory();
    }
    uint32_t le = (uint32_t)json_len;
    memcpy(packed, &le, 4);
    memcpy(packed + 4, json, (size_t)json_len);
    memcpy(packed + 4 + json_len, data, (size_t)data_len);
    int64_t result = host_call(op, LEN(op_len), packed, LEN(size));
    if (packed != small) {
        PyMem_Free(packed);
    }
    int32_t handle = (int32_t)(result >> 32);
    int32_t len = (int32_t)result;
    return len < 0 ? take_error(handle, -len) : take_result(handle, len);
}

static PyObject *
call(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return exchange(args, nargs, 1);
}

/* For what no host has to wait for, as a log entry: it works under every function. */
static PyObject *
tell(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs)
{
    return exchange(args, nargs, 0);
}

static PyMethodDef methods[] = {
    {"tcp_connect", tcp_connect, METH_VARARGS, PyDoc_STR("tcp_connect(host, port) -> id or -1")},
    {"tcp_send", tcp_send, METH_VARARGS, PyDoc_STR("tcp_send(id, data) -> bytes sent or -1")},
    {"tcp_recv", tcp_recv, METH_VARARGS, PyDoc_STR("tcp_recv(id, size) -> bytes, None on error")},
    {"tcp_close", tcp_close, METH_VARARGS, PyDoc_STR("tcp_close(id)")},
    {"http_fetch_full", http_fetch_full, METH_VARARGS,
     PyDoc_STR("http_fetch_full(url, method, body, headers_json) -> bytes, None on error")},
    {"kv_get", kv_get, METH_VARARGS, PyDoc_STR("kv_get(key) -> bytes or None")},
    {"kv_put", kv_put, METH_VARARGS, PyDoc_STR("kv_put(key, value)")},
    {"kv_delete", kv_delete, METH_VARARGS, PyDoc_STR("kv_delete(key)")},
    {"kv_multi_get", kv_multi_get, METH_VARARGS, PyDoc_STR("kv_multi_get(keys_json) -> bytes")},
    {"kv_multi_put", kv_multi_put, METH_VARARGS, PyDoc_STR("kv_multi_put(data)")},
    {"r2_get", r2_get, METH_VARARGS, PyDoc_STR("r2_get(key) -> bytes or None")},
    {"r2_put", r2_put, METH_VARARGS, PyDoc_STR("r2_put(key, value)")},
    {"d1_exec", d1_exec, METH_VARARGS, PyDoc_STR("d1_exec(sql, params_json) -> bytes or None")},
    {"d1_batch", d1_batch, METH_VARARGS, PyDoc_STR("d1_batch(queries_json) -> bytes or None")},
    {"env_get", env_get, METH_VARARGS, PyDoc_STR("env_get(key) -> bytes or None")},
    {"thread_spawn", thread_spawn, METH_VARARGS, PyDoc_STR("thread_spawn(code, input) -> handle or -1")},
    {"thread_join", thread_join, METH_VARARGS, PyDoc_STR("thread_join(handle) -> bytes, None on error")},
    {"dl_open", dl_open, METH_VARARGS, PyDoc_STR("dl_open(path) -> handle or -1")},
    {"dl_sym", dl_sym, METH_VARARGS, PyDoc_STR("dl_sym(handle, symbol) -> table slot or 0")},
    {"dl_close", dl_close, METH_VARARGS, PyDoc_STR("dl_close(handle)")},
    {"dl_error", dl_error, METH_NOARGS, PyDoc_STR("dl_error() -> text of the last error")},
    {"zerobuf_exchange_ptr", zerobuf_exchange_ptr, METH_NOARGS, PyDoc_STR("zerobuf_exchange_ptr() -> address or 0")},
    {"console_log", console_log, METH_VARARGS, PyDoc_STR("console_log(message)")},
    {"call", (PyCFunction)(void (*)(void))call, METH_FASTCALL, call_doc},
    {"tell", (PyCFunction)(void (*)(void))tell, METH_FASTCALL, PyDoc_STR("tell(op, json, bytes): call for what is answered at once")},
    {NULL, NULL, 0, NULL},
};

/* The exceptions are kept in static variables, so there is one module a
   process: subinterpreters get none. */
static int
add_exceptions(PyObject *module)
{
    pm_cpu_time_exceeded = PyErr_NewExceptionWithDoc(
        "pymode.CPUTimeExceeded", cpu_time_exceeded_doc, PyExc_BaseException, NULL);
    host_error = PyErr_NewExceptionWithDoc(
        "_pymode.HostError", "A host call failed; the text is the host's.",
        PyExc_Exception, NULL);
    if (PyModule_AddObjectRef(module, "CPUTimeExceeded", pm_cpu_time_exceeded) < 0) {
        return -1;
    }
    return PyModule_AddObjectRef(module, "HostError", host_error);
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_pymode",
    .m_doc = PyDoc_STR("The host imports of the namespace pymode."),
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit__pymode(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && add_exceptions(module) < 0) {
        Py_CLEAR(module);
    }
    return module;
}
