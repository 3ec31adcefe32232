// A function compiled for several instruction sets, of which the processor's best runs; for the usual one alone where the
// platform cannot choose.
#pragma once

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__)
#define CLONES(...) __attribute__((target_clones(__VA_ARGS__, "default")))
#else
#define CLONES(...)
#endif
