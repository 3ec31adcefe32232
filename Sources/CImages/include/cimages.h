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
