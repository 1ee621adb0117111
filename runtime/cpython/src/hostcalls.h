/* What the host answers: the imports of the namespace "pymode".

   Pointers and lengths are those of linear memory. Where a result does not fit
   the caller's buffer, nothing is written and its whole length is returned:
   the caller asks again with the same arguments and a buffer of that length,
   and the host hands out the result it has kept, so that nothing runs twice. */

#ifndef PYMODE_HOSTCALLS_H
#define PYMODE_HOSTCALLS_H

#include <stdint.h>

#define HOST(name) \
    __attribute__((import_module("pymode"), import_name(#name))) extern

/* TCP: a connection's id, bytes sent or received (0 at the end), -1 on error. */
HOST(tcp_connect) int32_t host_tcp_connect(const char *host, int32_t host_len, int32_t port);
HOST(tcp_send) int32_t host_tcp_send(int32_t id, const char *data, int32_t len);
HOST(tcp_recv) int32_t host_tcp_recv(int32_t id, char *buf, int32_t len);
HOST(tcp_close) void host_tcp_close(int32_t id);

/* HTTP: [i32 status][i32 headers_len][headers JSON][body], little endian. */
HOST(http_fetch_full) int32_t host_http_fetch_full(
    const char *url, int32_t url_len, const char *method, int32_t method_len,
    const char *body, int32_t body_len, const char *headers, int32_t headers_len,
    char *buf, int32_t len);

/* KV and R2: every key is "BINDING\0key"; -1 where there is no value. */
HOST(kv_get) int32_t host_kv_get(const char *key, int32_t key_len, char *buf, int32_t len);
HOST(kv_put) void host_kv_put(const char *key, int32_t key_len, const char *value, int32_t value_len);
HOST(kv_delete) void host_kv_delete(const char *key, int32_t key_len);
HOST(kv_multi_get) int32_t host_kv_multi_get(const char *keys, int32_t keys_len, char *buf, int32_t len);
HOST(kv_multi_put) void host_kv_multi_put(const char *data, int32_t data_len);
HOST(r2_get) int32_t host_r2_get(const char *key, int32_t key_len, char *buf, int32_t len);
HOST(r2_put) void host_r2_put(const char *key, int32_t key_len, const char *value, int32_t value_len);

/* D1: JSON in, JSON out, -1 on error. */
HOST(d1_exec) int32_t host_d1_exec(const char *sql, int32_t sql_len, const char *params,
                                   int32_t params_len, char *buf, int32_t len);
HOST(d1_batch) int32_t host_d1_batch(const char *queries, int32_t queries_len, char *buf, int32_t len);

HOST(env_get) int32_t host_env_get(const char *key, int32_t key_len, char *buf, int32_t len);

/* Children: a handle or -1; the join blocks, -1 on error. */
HOST(thread_spawn) int32_t host_thread_spawn(const char *code, int32_t code_len,
                                             const char *input, int32_t input_len);
HOST(thread_join) int32_t host_thread_join(int32_t handle, char *buf, int32_t len);

/* Side modules: a handle or -1; a slot of the function table or 0. */
HOST(dl_open) int32_t host_dl_open(const char *path, int32_t path_len);
HOST(dl_sym) int32_t host_dl_sym(int32_t handle, const char *symbol, int32_t symbol_len);
HOST(dl_close) void host_dl_close(int32_t handle);
HOST(dl_error) int32_t host_dl_error(char *buf, int32_t len);

HOST(zerobuf_exchange_ptr) int32_t host_zerobuf_exchange_ptr(void);
HOST(console_log) void host_console_log(const char *message, int32_t len);

/* The general call. `args` is [u32 LE json_len][JSON][bytes], and so is the
   result. Returns the result's handle in the high half and its length in the
   low half, or the negated length of an error text; host_result copies it out
   and lets the handle go. */
HOST(call) int64_t host_call(const char *op, int32_t op_len, const char *args, int32_t args_len);
HOST(result) void host_result(int32_t handle, char *buf, int32_t len);

/* Called when the loop checks have counted down: what the host wants of the
   running code (PM_STOP_*), 0 for nothing. It does not return where the host
   ends the instance. */
HOST(yield) int32_t host_yield(void);

#define PM_STOP_INTERRUPT 1 /* raise KeyboardInterrupt, as Ctrl-C does */
#define PM_STOP_CPU 2       /* raise pymode.CPUTimeExceeded */

#undef HOST

/* pymode.CPUTimeExceeded, once the module _pymode has been imported. */
extern struct _object *pm_cpu_time_exceeded;

#endif /* PYMODE_HOSTCALLS_H */
