// libpng, libjpeg, matio and HDF5 behind return values: their longjmp and global error reports never leave this C code.
//
// Functions return 0 when all is well, else they write one line of at most UAE_MESSAGE - 1 characters to `message`.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { UAE_MESSAGE = 200 };

// An image, rows from the top, channels (1 or 3) innermost.
typedef struct {
  uint32_t width, height, channels;
  uint32_t bits;    // 8 or 16 (in the processor's byte order) a sample
  uint8_t *pixels;  // width * height * channels samples, to be given to uae_image_free
} uae_image;

void uae_image_free(uae_image *image);

// Decode from memory. `limit` bounds width * height * channels. Alpha is dropped, palettes and 1, 2 and 4-bit samples become
// 8-bit ones. Damaged or truncated pixels are an error, never a guess; faults in what has no pixels are passed over.
int uae_png_decode(const uint8_t *data, size_t size, size_t limit, uae_image *image, char *message);
int uae_jpeg_decode(const uint8_t *data, size_t size, size_t limit, uae_image *image, char *message);

// Encode 8-bit samples; `*data` is to be given to free().
int uae_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, uint8_t **data,
                   size_t *size, char *message);

// A variable of a MATLAB or HDF5 file.
typedef enum {
  UAE_MAT_UNKNOWN, UAE_MAT_DOUBLE, UAE_MAT_SINGLE, UAE_MAT_INT8, UAE_MAT_UINT8, UAE_MAT_INT16, UAE_MAT_UINT16,
  UAE_MAT_INT32, UAE_MAT_UINT32, UAE_MAT_INT64, UAE_MAT_UINT64, UAE_MAT_BOOL, UAE_MAT_HALF
} uae_mat_type;

// Only arrays and sparse matrices (of real numbers) are read.
typedef enum {
  UAE_MAT_ARRAY, UAE_MAT_SPARSE, UAE_MAT_COMPLEX, UAE_MAT_STRUCT, UAE_MAT_CELL, UAE_MAT_TEXT, UAE_MAT_OTHER
} uae_mat_kind;

enum { UAE_MAT_RANK = 8, UAE_MAT_NAME = 64, UAE_MAT_VARIABLES = 1024 };

typedef struct {
  char name[UAE_MAT_NAME];
  uint32_t kind, type, rank;
  uint32_t row_major;  // whether the last of `dims` is the fastest, as in HDF5 files that are not MATLAB's
  uint64_t dims[UAE_MAT_RANK];
  uint64_t size;  // bytes that `data` takes, or would take
  // NULL unless this variable was asked for. An array: its elements. A sparse matrix: the places at which its columns begin
  // and the last ends, then the row of each value, as 64-bit numbers, then the values as doubles.
  uint8_t *data;
} uae_mat_variable;

typedef struct {
  uae_mat_variable variables[UAE_MAT_VARIABLES];
  size_t count;
} uae_mat_contents;

// Reads the directory of the MATLAB file (version 4, 5 or 7.3) or HDF5 file at `path`, and the data of the variable named
// `wanted` (NULL for none) if they take at most `limit` bytes. matio and HDF5 run in a child process with at most `seconds` of
// processor time: on hostile files they may crash or never end, and neither may happen here.
int uae_mat_read(const char *path, const char *wanted, size_t limit, unsigned seconds, uae_mat_contents *contents,
                 char *message);
void uae_mat_free(uae_mat_contents *contents);
