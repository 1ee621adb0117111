/* Mapped files for the module mmap: a copy in memory. WASI has no mapping.

   What is mapped to be shared is written back by msync and munmap: the blocks that
   differ from what they were when they were read or last written. Two mappings of
   one file, and reads and writes of it beside a mapping, don't see each other's
   changes before that. */

#define _WASI_EMULATED_MMAN /* the header is there for who says that it knows */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors.h"

#define BLOCK 4096

typedef struct mapping {
    struct mapping *next;
    char *memory;
    size_t size;
    int fd; /* a duplicate; -1 where nothing is written back */
    off_t offset;
    uint64_t sums[]; /* of each block, as it is in the file */
} mapping;

static mapping *mappings;

static size_t
blocks(size_t size)
{
    return (size + BLOCK - 1) / BLOCK;
}

/* A sum that differs where the block does, but for a chance of 2^-64. */
static uint64_t
sum(const mapping *m, size_t block)
{
    char padded[BLOCK];
    const char *from = m->memory + block * BLOCK;
    size_t left = m->size - block * BLOCK;
    if (left < BLOCK) {
        memset(padded, 0, sizeof(padded));
        memcpy(padded, from, left);
        from = padded;
    }
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < BLOCK; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, from + i, sizeof(word));
        h = (h ^ word) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return h;
}

static int
read_all(int fd, char *to, size_t size, off_t offset)
{
    while (size > 0) {
        ssize_t n = pread(fd, to, size, offset);
        if (n < 0) {
            return -1;
        }
        if (n == 0) { /* beyond the end it is zeros */
            return 0;
        }
        to += n;
        size -= (size_t)n;
        offset += n;
    }
    return 0;
}

static int
write_all(int fd, const char *from, size_t size, off_t offset)
{
    while (size > 0) {
        ssize_t n = pwrite(fd, from, size, offset);
        if (n < 0) {
            return -1;
        }
        from += n;
        size -= (size_t)n;
        offset += n;
    }
    return 0;
}

/* WASI doesn't tell whether a file is open for writing, so its first byte is
   written again. */
static int
check_writable(int fd, off_t offset)
{
    char byte;
    ssize_t n = pread(fd, &byte, 1, offset);
    if (n <= 0) {
        return (int)n;
    }
    if (pwrite(fd, &byte, 1, offset) < 0) {
        errno = EACCES;
        return -1;
    }
    return 0;
}

void *
mmap(void *where, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (size == 0 || offset < 0 || (flags & MAP_FIXED) != 0) {
        errno = EINVAL;
        return MAP_FAILED;
    }
    int from_file = (flags & MAP_ANON) == 0;
    int write_back = from_file && (flags & MAP_TYPE) != MAP_PRIVATE && (protection & PROT_WRITE) != 0;
    mapping *m = calloc(1, sizeof(mapping) + (write_back ? blocks(size) * sizeof(uint64_t) : 0));
    char *memory = aligned_alloc(BLOCK, blocks(size) * BLOCK);
    if (m == NULL || memory == NULL) {
        free(m);
        free(memory);
        errno = ENOMEM;
        return MAP_FAILED;
    }
    memset(memory, 0, blocks(size) * BLOCK);
    *m = (mapping){.memory = memory, .size = size, .fd = -1, .offset = offset};
    if ((from_file && read_all(fd, memory, size, offset) < 0)
        || (write_back && (check_writable(fd, offset) < 0 || (m->fd = dup(fd)) < 0)))
    {
        free(m);
        free(memory);
        return MAP_FAILED;
    }
    for (size_t i = 0; write_back && i < blocks(size); i++) {
        m->sums[i] = sum(m, i);
    }
    m->next = mappings;
    mappings = m;
    return memory;
}

/* Writes back the blocks of a range that have changed. The file grows by no byte. */
static int
flush(mapping *m, size_t from, size_t to)
{
    struct stat status;
    if (m->fd < 0) {
        return 0;
    }
    if (fstat(m->fd, &status) < 0) {
        return -1;
    }
    off_t last = status.st_size - m->offset;
    for (size_t i = from / BLOCK; i < blocks(to) && (off_t)(i * BLOCK) < last; i++) {
        uint64_t now = sum(m, i);
        if (now == m->sums[i]) {
            continue;
        }
        size_t begin = i * BLOCK, end = begin + BLOCK < m->size ? begin + BLOCK : m->size;
        if ((off_t)end > last) {
            end = (size_t)last;
        }
        if (write_all(m->fd, m->memory + begin, end - begin, m->offset + (off_t)begin) < 0) {
            return -1;
        }
        m->sums[i] = now;
    }
    return 0;
}

int
msync(void *address, size_t size, int flags)
{
    for (mapping *m = mappings; m != NULL; m = m->next) {
        if ((char *)address >= m->memory && (char *)address < m->memory + m->size) {
            size_t from = (size_t)((char *)address - m->memory);
            return flush(m, from, size < m->size - from ? from + size : m->size);
        }
    }
    errno = ENOMEM;
    return -1;
}

int
munmap(void *address, size_t size)
{
    for (mapping **p = &mappings; *p != NULL; p = &(*p)->next) {
        mapping *m = *p;
        if (m->memory != address) {
            continue;
        }
        int result = flush(m, 0, m->size);
        *p = m->next;
        if (m->fd >= 0) {
            close(m->fd);
        }
        free(m->memory);
        free(m);
        return result;
    }
    errno = EINVAL;
    return -1;
}

/* Memory can be read and written, and can't be anything else. */
int
mprotect(void *address, size_t size, int protection)
{
    if (protection != (PROT_READ | PROT_WRITE)) {
        errno = ENOTSUP;
        return -1;
    }
    return 0;
}
