/* C++ exceptions that end the instance. Modules are compiled so that nothing catches
   (-fignore-exceptions), for packages that throw only where a caller has broken a rule;
   the C++ library that zig compiles is without exceptions and lacks these. */

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <typeinfo>

#define HIDDEN extern "C" __attribute__((visibility("hidden")))

/* The thrown object stands behind the library's own record of it. */
HIDDEN void *
__cxa_allocate_exception(std::size_t size) noexcept
{
    const std::size_t record = 128;
    void *block = std::calloc(1, size + record);
    if (block == nullptr) {
        std::abort();
    }
    return static_cast<char *>(block) + record;
}

HIDDEN void
__cxa_free_exception(void *) noexcept
{
}

HIDDEN void
__cxa_throw(void *, std::type_info *type, void (*)(void *))
{
    std::fprintf(stderr, "a C++ exception that nothing catches: %s\n", type->name());
    std::abort();
}

HIDDEN void
__cxa_rethrow()
{
    std::abort();
}

HIDDEN void *
__cxa_begin_catch(void *exception) noexcept
{
    return exception;
}

HIDDEN void
__cxa_end_catch()
{
}
