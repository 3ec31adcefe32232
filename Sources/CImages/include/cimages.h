// libpng, libjpeg and matio behind return values: their longjmp and global error reports never leave this C code.
//
// Functions return 0 when all is well, else they write one line of at most UAE_MESSAGE - 1 characters to `message`.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { UAE_MESSAGE = 200 };

// An image of 8-bit samples, rows from the top, channels (1 or 3) innermost.
typedef struct {
  uint32_t width, height, channels;
  uint8_t *pixels;  // width * height * channels bytes, to be given to uae_image_free
} uae_image;

void uae_image_free(uae_image *image);

// Decode from memory. `limit` bounds width * height * channels. Alpha is dropped, palettes and 1, 2, 4 and 16-bit
// samples become 8-bit ones. Damaged or truncated data are an error, never a guess.
int uae_png_decode(const uint8_t *data, size_t size, size_t limit, uae_image *image, char *message);
int uae_jpeg_decode(const uint8_t *data, size_t size, size_t limit, uae_image *image, char *message);

// Encode 8-bit samples; `*data` is to be given to free().
int uae_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, uint8_t **data,
                   size_t *size, char *message);

// A variable of a MATLAB file: a real, full numeric array unless `type` is UAE_MAT_OTHER.
typedef enum {
  UAE_MAT_OTHER, UAE_MAT_DOUBLE, UAE_MAT_SINGLE, UAE_MAT_INT8, UAE_MAT_UINT8, UAE_MAT_INT16, UAE_MAT_UINT16,
  UAE_MAT_INT32, UAE_MAT_UINT32, UAE_MAT_INT64, UAE_MAT_UINT64
} uae_mat_type;

enum { UAE_MAT_RANK = 8, UAE_MAT_NAME = 64, UAE_MAT_VARIABLES = 1024 };

typedef struct {
  char name[UAE_MAT_NAME];
  uint32_t type, rank;
  uint64_t dims[UAE_MAT_RANK];
  uint64_t size;  // bytes that `data` takes, or would take
  uint8_t *data;  // column by column; NULL unless this variable was asked for
} uae_mat_variable;

typedef struct {
  uae_mat_variable variables[UAE_MAT_VARIABLES];
  size_t count;
} uae_mat_contents;

// Reads the directory of the MATLAB file (version 4, 5 or 7.3) at `path`, and the data of the variable named `wanted` (NULL
// for none) if they take at most `limit` bytes. matio runs in a child process with at most `seconds` of processor time:
// on hostile files it may crash or never end, and neither may happen here.
int uae_mat_read(const char *path, const char *wanted, size_t limit, unsigned seconds, uae_mat_contents *contents,
                 char *message);
void uae_mat_free(uae_mat_contents *contents);
