/* Duplicates of file descriptors: WASI has none, so the host is asked by the
   general call. A host that does not know it answers with an error, and then
   there are none. */

#include "descriptors.h"
#include "hostcalls.h"
#include "pinned.h"

#include <errno.h>
#include <string.h>

#define OP "fd.dup"

/* `to` is a number, or -1 for the lowest that is free. */
static int
duplicate(int32_t from, int32_t to)
{
    if (pm_pinned() != 0) {
        errno = ENOTSUP;
        return -1;
    }
    /* [u32 length of the JSON]{}[i32 from][i32 to] */
    char args[14] = {2, 0, 0, 0, '{', '}'};
    memcpy(args + 6, &from, sizeof(from));
    memcpy(args + 10, &to, sizeof(to));
    int64_t result = host_call(OP, sizeof(OP) - 1, args, sizeof(args));
    int32_t handle = (int32_t)(result >> 32);
    /* [u32 length of no JSON][i32 descriptor, or a negated number of WASI's errors] */
    char answer[8];
    if ((int32_t)result != sizeof(answer)) {
        host_result(handle, answer, 0);
        errno = ENOTSUP;
        return -1;
    }
    host_result(handle, answer, sizeof(answer));
    int32_t copy;
    memcpy(&copy, answer + 4, sizeof(copy));
    if (copy < 0) {
        errno = -copy;
        return -1;
    }
    return copy;
}

int
dup(int fd)
{
    return duplicate(fd, -1);
}

int
dup2(int from, int to)
{
    if (to < 0) {
        errno = EBADF;
        return -1;
    }
    return duplicate(from, to);
}

/* The flag is whether other programs get the descriptor, and there are none. */
int
dup3(int from, int to, int flags)
{
    if (from == to) {
        errno = EINVAL;
        return -1;
    }
    return dup2(from, to);
}
