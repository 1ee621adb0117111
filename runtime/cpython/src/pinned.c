/* What a host that can't block needs to know. The deployable binary is made of
   this one by `wasm-opt --asyncify`, which rewrites the functions of a list so
   that they can be left in the middle of a call and entered again. A frame of
   any other function must not be on the stack then. So those count themselves,
   around each call that may end in a host call (see wasmbin.Pin), and what waits
   asks for the count first. In a binary that is not rewritten it is always 0. */

#include "pinned.h"

#include <errno.h>
#include <time.h>
#include <wasi/api.h>

/* The code of this function is replaced when the deployable binary is made. */
__attribute__((export_name("pm_pinned"), noinline)) int
pm_pinned(void)
{
    __asm__ volatile("");
    return 0;
}

/* In place of the C library's, which knows nothing of this. */
int
nanosleep(const struct timespec *span, struct timespec *left)
{
    if (span->tv_sec < 0 || span->tv_nsec < 0 || span->tv_nsec >= 1000000000) {
        errno = EINVAL;
        return -1;
    }
    if (pm_pinned() != 0) {
        errno = ENOTSUP;
        return -1;
    }
    __wasi_subscription_t subscription = {
        .u.tag = __WASI_EVENTTYPE_CLOCK,
        .u.u.clock.id = __WASI_CLOCKID_MONOTONIC,
    };
    const __wasi_timestamp_t most = UINT64_MAX / 2;
    __wasi_timestamp_t seconds = (__wasi_timestamp_t)span->tv_sec;
    subscription.u.u.clock.timeout =
        seconds < most / 1000000000 ? seconds * 1000000000 + (__wasi_timestamp_t)span->tv_nsec : most;
    __wasi_event_t event;
    size_t events;
    __wasi_errno_t error = __wasi_poll_oneoff(&subscription, &event, 1, &events);
    if (error != 0 || event.error != 0) {
        errno = error != 0 ? error : event.error;
        return -1;
    }
    if (left != NULL) {
        *left = (struct timespec){0};
    }
    return 0;
}
