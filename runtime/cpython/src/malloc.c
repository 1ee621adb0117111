/* The heap. zig's C library rounds every request up to a power of two, so that
   an arena of Python's objects, 1 MiB and a header, takes 2 MiB of the 128 that a
   worker has. This heap rounds to 16 bytes. Linked first, it takes the place of
   the library's.

   It is a two-level segregated fit (TLSF; Masmano, Ripoll and others, 2004):
   free blocks are in lists by size, 16 for each power of two, found through
   bitmaps, so that malloc and free take a bounded time. Neighbours that are free
   are joined at once. Blocks start where the linker's data ends, in order of
   their addresses, each with a header:

       | size of the block before | size | in use | payload, 16-aligned ...

   A free block has its links in the payload. The heap ends with a block of size
   0 that is in use, and a guard: bounds of accesses to memory are checked as if
   each reached that much further (wasmbin.WidenBounds). */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ALIGNMENT 16u
#define HEADER 8u
#define SMALLEST 16u                    /* header and links */
#define LARGEST (UINT32_MAX - (1u << 20)) /* of a request, in bytes */
#define PAGE 65536u
#define GROWTH (4 * PAGE)               /* how much the memory grows at least */
#define GUARD 1024u                     /* at the end of the memory, never used */

#define SUBLISTS_LOG2 4
#define SUBLISTS (1u << SUBLISTS_LOG2)
#define FIRST_LOG2 8                    /* smaller blocks have one list a size */
#define LEVELS (32 - FIRST_LOG2 + 1)

typedef struct block {
    uint32_t before;                    /* size of the block before, 0 for the first */
    uint32_t size;                      /* of the whole block; bit 0: in use */
    struct block *next, *previous;      /* while it is free */
} block;

#define IN_USE 1u

extern unsigned char __heap_base;

static uint32_t levels_used;
static uint32_t sublists_used[LEVELS];
static block *lists[LEVELS][SUBLISTS];
static uintptr_t end;                   /* of the heap: where its last block stands; 0 at first */
static uintptr_t fresh;                 /* memory from here on has never been used: it is zero */

static inline uint32_t
size_of(const block *b)
{
    return b->size & ~IN_USE;
}

static inline block *
after(block *b)
{
    return (block *)((uintptr_t)b + size_of(b));
}

static inline void *
payload(block *b)
{
    return (void *)((uintptr_t)b + HEADER);
}

static inline block *
block_of(void *p)
{
    return (block *)((uintptr_t)p - HEADER);
}

/* The list that a free block of this size is in. */
static inline void
list_of(uint32_t size, uint32_t *level, uint32_t *sublist)
{
    if (size < (1u << FIRST_LOG2)) {
        *level = 0;
        *sublist = size / (1u << (FIRST_LOG2 - SUBLISTS_LOG2));
        return;
    }
    uint32_t log2 = 31 - (uint32_t)__builtin_clz(size);
    *level = log2 - FIRST_LOG2 + 1;
    *sublist = (size >> (log2 - SUBLISTS_LOG2)) & (SUBLISTS - 1);
}

/* Notes that memory below this address has been written to. */
static inline void
touch(uintptr_t top)
{
    if (top > fresh) {
        fresh = top;
    }
}

static void
insert(block *b)
{
    touch((uintptr_t)b + SMALLEST);
    uint32_t level, sublist;
    list_of(size_of(b), &level, &sublist);
    block *first = lists[level][sublist];
    b->next = first;
    b->previous = NULL;
    if (first != NULL) {
        first->previous = b;
    }
    lists[level][sublist] = b;
    levels_used |= 1u << level;
    sublists_used[level] |= 1u << sublist;
}

static void
take_out(block *b)
{
    uint32_t level, sublist;
    list_of(size_of(b), &level, &sublist);
    if (b->next != NULL) {
        b->next->previous = b->previous;
    }
    if (b->previous != NULL) {
        b->previous->next = b->next;
        return;
    }
    lists[level][sublist] = b->next;
    if (b->next == NULL) {
        sublists_used[level] &= ~(1u << sublist);
        if (sublists_used[level] == 0) {
            levels_used &= ~(1u << level);
        }
    }
}

/* A free block of at least this size, out of its list; NULL where there is none.
   Any block of the list above the size's own is large enough; of its own list
   only the first is looked at. */
static block *
find(uint32_t size)
{
    uint32_t level, sublist;
    list_of(size, &level, &sublist);
    block *own = lists[level][sublist];
    if (own != NULL && size_of(own) >= size) {
        take_out(own);
        return own;
    }
    uint32_t above = sublist + 1 < SUBLISTS ? sublists_used[level] & (~0u << (sublist + 1)) : 0;
    if (above == 0) {
        uint32_t higher = level + 1 < LEVELS ? levels_used & (~0u << (level + 1)) : 0;
        if (higher == 0) {
            return NULL;
        }
        level = (uint32_t)__builtin_ctz(higher);
        above = sublists_used[level];
    }
    block *b = lists[level][__builtin_ctz(above)];
    take_out(b);
    return b;
}

/* Makes a block that is in no list free, joined with its free neighbours. */
static void
release(block *b)
{
    uint32_t size = size_of(b);
    block *next = after(b);
    if (!(next->size & IN_USE)) {
        take_out(next);
        size += size_of(next);
    }
    if (b->before != 0) {
        block *before = (block *)((uintptr_t)b - b->before);
        if (!(before->size & IN_USE)) {
            take_out(before);
            size += size_of(before);
            b = before;
        }
    }
    b->size = size;
    after(b)->before = size;
    insert(b);
}

/* Cuts a block in use down to a size; the rest becomes free. */
static void
cut(block *b, uint32_t size)
{
    uint32_t rest = size_of(b) - size;
    if (rest < SMALLEST) {
        return;
    }
    b->size = size | IN_USE;
    block *r = after(b);
    r->before = size;
    r->size = rest | IN_USE;
    after(r)->before = rest;
    release(r);
}

/* Of a size's own list, any block that is large enough. */
static block *
search(uint32_t size)
{
    uint32_t level, sublist;
    list_of(size, &level, &sublist);
    for (block *b = lists[level][sublist]; b != NULL; b = b->next) {
        if (size_of(b) >= size) {
            take_out(b);
            return b;
        }
    }
    return NULL;
}

/* Adds memory, so that there is a block of at least this size. */
static int
grow(uint32_t size)
{
    uintptr_t top = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    uintptr_t start = end;
    uint32_t before = 0;    /* of the free block that the new one is joined with */
    if (end == 0) {         /* the rest of the pages that the data ends in comes first */
        start = (((uintptr_t)&__heap_base + HEADER + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1)) - HEADER;
        fresh = start;
    }
    else if (top != end + HEADER + GUARD) { /* somebody else has grown the memory */
        start = top + HEADER;
    }
    else {
        block *last = (block *)end;
        block *b = (block *)(end - last->before);
        if (last->before != 0 && !(b->size & IN_USE)) {
            before = size_of(b);
        }
    }
    int64_t missing = (int64_t)start + size + HEADER + GUARD - before - (int64_t)top;
    if (missing > 0) {
        size_t pages = (size_t)(missing + PAGE - 1) / PAGE;
        size_t generous = pages < GROWTH / PAGE ? GROWTH / PAGE : pages;
        if ((size_t)__builtin_wasm_memory_grow(0, generous) == (size_t)-1 &&
            (generous == pages || (size_t)__builtin_wasm_memory_grow(0, pages) == (size_t)-1)) {
            return 0;
        }
        top = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    }
    block *b = (block *)start;
    b->before = end == 0 ? 0 : ((block *)end)->before;
    if (end != 0 && start != end) { /* what is theirs is a block in use, for ever */
        block *gap = (block *)end;
        gap->size = (uint32_t)(start - end) | IN_USE;
        b->before = size_of(gap);
    }
    end = top - HEADER - GUARD;
    b->size = (uint32_t)(end - start) | IN_USE;
    block *last = (block *)end;
    last->before = size_of(b);
    last->size = IN_USE;
    release(b);
    if (before != 0) {
        memset(b, 0, HEADER); /* now in the middle of a block that counts as fresh */
    }
    return 1;
}

/* The size of the block for a request; 0 for one that is too large. */
static inline uint32_t
block_size(size_t request)
{
    if (request > LARGEST) {
        return 0;
    }
    uint32_t size = ((uint32_t)request + HEADER + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    return size < SMALLEST ? SMALLEST : size;
}

static block *
allocate(size_t request)
{
    uint32_t size = block_size(request);
    block *b = NULL;
    if (size != 0) {
        b = find(size);
        if (b == NULL) {
            b = search(size);
        }
        if (b == NULL && grow(size)) {
            b = search(size);
            if (b == NULL) {
                b = find(size);
            }
        }
    }
    if (b == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    b->size |= IN_USE;
    cut(b, size);
    return b;
}

void *
malloc(size_t size)
{
    block *b = allocate(size);
    if (b == NULL) {
        return NULL;
    }
    touch((uintptr_t)after(b));
    return payload(b);
}

void
free(void *p)
{
    if (p != NULL) {
        release(block_of(p));
    }
}

void *
calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    uintptr_t zero = fresh; /* up to where there may be something else than zeros */
    block *b = allocate(total);
    if (b == NULL) {
        return NULL;
    }
    uintptr_t start = (uintptr_t)payload(b), top = (uintptr_t)after(b);
    if (zero < start + 2 * sizeof(void *)) {
        zero = start + 2 * sizeof(void *); /* its own links */
    }
    memset((void *)start, 0, (zero < top ? zero : top) - start);
    touch((uintptr_t)after(b));
    return (void *)start;
}

void *
realloc(void *p, size_t request)
{
    if (p == NULL) {
        return malloc(request);
    }
    uint32_t size = block_size(request);
    if (size == 0) {
        errno = ENOMEM;
        return NULL;
    }
    block *b = block_of(p);
    uint32_t old = size_of(b);
    block *next = after(b);
    if (old < size && !(next->size & IN_USE) && old + size_of(next) >= size) {
        take_out(next);
        b->size = (old + size_of(next)) | IN_USE;
        after(b)->before = size_of(b);
        old = size_of(b);
    }
    if (old >= size) {
        cut(b, size);
        touch((uintptr_t)after(b));
        return p;
    }
    void *moved = malloc(request);
    if (moved != NULL) {
        memcpy(moved, p, old - HEADER);
        free(p);
    }
    return moved;
}

void *
reallocarray(void *p, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, total);
}

/* A block with room for the alignment, the front of which is given back. */
static void *
aligned(size_t alignment, size_t request)
{
    if (alignment <= ALIGNMENT) {
        return malloc(request);
    }
    if (request > LARGEST || alignment > LARGEST - request) {
        errno = ENOMEM;
        return NULL;
    }
    block *b = allocate(request + alignment);
    if (b == NULL) {
        return NULL;
    }
    uintptr_t start = ((uintptr_t)payload(b) + alignment - 1) & ~(uintptr_t)(alignment - 1);
    block *a = (block *)(start - HEADER);
    if (a != b) {
        uint32_t front = (uint32_t)((uintptr_t)a - (uintptr_t)b);
        a->before = front;
        a->size = (size_of(b) - front) | IN_USE;
        after(a)->before = size_of(a);
        b->size = front | IN_USE;
        release(b);
    }
    cut(a, block_size(request));
    touch((uintptr_t)after(a));
    return payload(a);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
    if (alignment == 0 || (alignment & (alignment - 1))) {
        errno = EINVAL;
        return NULL;
    }
    return aligned(alignment, size);
}

void *
memalign(size_t alignment, size_t size)
{
    return aligned_alloc(alignment, size);
}

void *
valloc(size_t size)
{
    return aligned(PAGE, size);
}

int
posix_memalign(void **result, size_t alignment, size_t size)
{
    if (alignment < sizeof(void *) || (alignment & (alignment - 1))) {
        return EINVAL;
    }
    int saved = errno;
    void *p = aligned(alignment, size);
    errno = saved;
    if (p == NULL) {
        return ENOMEM;
    }
    *result = p;
    return 0;
}

size_t
malloc_usable_size(void *p)
{
    return p == NULL ? 0 : size_of(block_of(p)) - HEADER;
}
