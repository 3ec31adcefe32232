// What the two readers of MATLAB files share: they run in a child process and send what they find through a pipe.
#pragma once
#include <stdbool.h>

#include "cimages.h"

bool uae_send_all(int pipe, const void *bytes, size_t count);

// Sends one variable, with its data where `data` is not NULL.
bool uae_send_variable(int pipe, uae_mat_variable *head, const void *data);

// The bytes that elements of a type take.
size_t uae_type_size(uint32_t type);

// The bytes of an array, SIZE_MAX where they do not fit.
size_t uae_array_size(const uae_mat_variable *head);

// Sends a sparse matrix.
bool uae_send_sparse(int pipe, uae_mat_variable *head, const uint64_t *starts, size_t columns, const uint64_t *rows,
                     const double *values, size_t count, size_t limit);

// Sends what an HDF5 file holds.
bool uae_h5_send(int pipe, const char *path, const char *wanted, size_t limit);
