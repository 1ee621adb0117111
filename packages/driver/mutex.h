/* The C++ library for WASI is without threads, and so without mutexes. Where there is
   one thread, a lock is always free. */

#ifdef __cplusplus
#include <mutex>

namespace std {

struct mutex {
    void lock() {}
    void unlock() {}
    bool try_lock() { return true; }
};

struct recursive_mutex : mutex {
};

}
#endif
