/* The operators new and delete, on the guest's malloc. The C++ library has them as
   weak symbols, which a side module would look for in the main module; and where
   memory is out it throws, which modules are compiled without: here that is a trap. */

#include <cstddef>
#include <cstdlib>
#include <new>

static void *
allocate(std::size_t size)
{
    void *block = std::malloc(size != 0 ? size : 1);
    if (block == nullptr) {
        std::abort();
    }
    return block;
}

static void *
allocate_aligned(std::size_t size, std::size_t alignment)
{
    void *block = nullptr;
    if (alignment < sizeof(void *)) {
        alignment = sizeof(void *);
    }
    if (posix_memalign(&block, alignment, size != 0 ? size : 1) != 0) {
        std::abort();
    }
    return block;
}

using aligned = std::align_val_t;

void *operator new(std::size_t n) { return allocate(n); }
void *operator new[](std::size_t n) { return allocate(n); }
void *operator new(std::size_t n, const std::nothrow_t &) noexcept { return std::malloc(n != 0 ? n : 1); }
void *operator new[](std::size_t n, const std::nothrow_t &) noexcept { return std::malloc(n != 0 ? n : 1); }
void *operator new(std::size_t n, aligned a) { return allocate_aligned(n, std::size_t(a)); }
void *operator new[](std::size_t n, aligned a) { return allocate_aligned(n, std::size_t(a)); }

void operator delete(void *p) noexcept { std::free(p); }
void operator delete[](void *p) noexcept { std::free(p); }
void operator delete(void *p, std::size_t) noexcept { std::free(p); }
void operator delete[](void *p, std::size_t) noexcept { std::free(p); }
void operator delete(void *p, const std::nothrow_t &) noexcept { std::free(p); }
void operator delete[](void *p, const std::nothrow_t &) noexcept { std::free(p); }
void operator delete(void *p, aligned) noexcept { std::free(p); }
void operator delete[](void *p, aligned) noexcept { std::free(p); }
void operator delete(void *p, std::size_t, aligned) noexcept { std::free(p); }
void operator delete[](void *p, std::size_t, aligned) noexcept { std::free(p); }
