/* The clocks that Rust's standard library knows by the address of an object. As it comes
   compiled, its code expects these in the program that it is linked into, and reaches no
   other module's: so each side module has its own. What is in them is wasi-libc's. */

struct __clockid {
    unsigned id;
};

const struct __clockid _CLOCK_REALTIME = {0};
const struct __clockid _CLOCK_MONOTONIC = {1};
