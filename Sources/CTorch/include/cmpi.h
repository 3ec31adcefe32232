// The few functions of MPI that training needs, from a library that is opened only when it is used: nothing of it is needed to
// build or to run without.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Opens an OpenMPI library and begins with it; once per process.
///
/// @param path the library's file, or NULL for the system's.
/// @param rank, count this process's number from 0, and how many there are.
/// @return NULL, or what is wrong: one line, which the caller frees.
char *mpi_begin(const char *path, int32_t *rank, int32_t *count);

/// Replaces the values by their sums over all processes, the same to the bit in each; all have to call it in the same order.
///
/// @return NULL, or what is wrong, which the caller frees.
char *mpi_sum(float *values, int64_t count);

/// Ends with it in peace, once all processes do. Does nothing where it was not begun.
void mpi_end(void);

#ifdef __cplusplus
}
#endif
