#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cimages.h"

typedef struct {
  const uint8_t *data;
  size_t size, position;
} reader;

typedef struct {
  uint8_t *data;
  size_t size, capacity;
} writer;

static void fail(png_structp png, png_const_charp text) {
  snprintf(png_get_error_ptr(png), UAE_MESSAGE, "%s", text);
  longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_some(png_structp png, png_bytep to, size_t count) {
  reader *from = png_get_io_ptr(png);
  if (count > from->size - from->position) png_error(png, "the image ends too early");
  memcpy(to, from->data + from->position, count);
  from->position += count;
}

static void write_some(png_structp png, png_bytep from, size_t count) {
  writer *to = png_get_io_ptr(png);
  if (to->size + count > to->capacity) {
    size_t capacity = 2 * (to->size + count);
    uint8_t *larger = realloc(to->data, capacity);
    if (!larger) png_error(png, "out of memory");
    to->data = larger;
    to->capacity = capacity;
  }
  memcpy(to->data + to->size, from, count);
  to->size += count;
}

static void flush(png_structp png) { (void)png; }

void uae_image_free(uae_image *image) {
  free(image->pixels);
  image->pixels = NULL;
}

int uae_png_decode(const uint8_t *data, size_t size, size_t limit, uae_image *image, char *message) {
  reader from = {data, size, 0};
  // What setjmp's second return needs must not live in a register.
  png_infop volatile info = NULL;
  png_bytep *volatile rows = NULL;
  image->pixels = NULL;
  snprintf(message, UAE_MESSAGE, "out of memory");
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  if (!png) return 1;
  if (setjmp(png_jmpbuf(png))) {
    png_infop last = info;
    png_destroy_read_struct(&png, &last, NULL);
    free(rows);
    uae_image_free(image);
    return 1;
  }
  info = png_create_info_struct(png);
  if (!info) png_error(png, "out of memory");
  png_set_read_fn(png, &from, read_some);
  png_set_user_limits(png, 1 << 20, 1 << 20);
  png_set_chunk_malloc_max(png, 8 << 20);
  png_set_benign_errors(png, 0);
  // Chunks without pixels are not looked into: colour profiles, dates and texts are as often faulty as read by nobody.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, (png_const_bytep) "tRNS", 1);
  png_set_crc_action(png, PNG_CRC_DEFAULT, PNG_CRC_QUIET_USE);
  png_read_info(png, info);

  // Deflate expands at most 1032-fold.
  if ((double)png_get_rowbytes(png, info) * png_get_image_height(png, info) > 1032.0 * (double)size)
    png_error(png, "says it has more pixels than it can hold");
  png_set_expand(png);
  image->bits = png_get_bit_depth(png, info) == 16 ? 16 : 8;
  const uint16_t one = 1;
  if (image->bits == 16 && *(const uint8_t *)&one == 1) png_set_swap(png);
  png_set_strip_alpha(png);
  png_set_interlace_handling(png);
  image->width = png_get_image_width(png, info);
  image->height = png_get_image_height(png, info);
  png_read_update_info(png, info);
  image->channels = png_get_channels(png, info);

  size_t stride = png_get_rowbytes(png, info);
  if (image->channels != 1 && image->channels != 3) png_error(png, "neither grey nor RGB");
  if (stride != (size_t)image->width * image->channels * (image->bits / 8)) png_error(png, "not 8 or 16 bits a sample");
  if (image->height > limit / ((size_t)image->width * image->channels)) png_error(png, "too many pixels");
  image->pixels = malloc(stride * image->height);
  rows = malloc(image->height * sizeof(png_bytep));
  if (!image->pixels || !rows) png_error(png, "out of memory");
  for (size_t row = 0; row < image->height; row++) rows[row] = image->pixels + row * stride;
  png_read_image(png, rows);
  png_read_end(png, NULL);
  free(rows);
  png_infop last = info;
  png_destroy_read_struct(&png, &last, NULL);
  return 0;
}

int uae_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, uint8_t **data,
                   size_t *size, char *message) {
  writer to = {NULL, 0, 0};
  png_infop volatile info = NULL;
  snprintf(message, UAE_MESSAGE, "out of memory");
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, message, fail, ignore);
  if (!png) return 1;
  if (setjmp(png_jmpbuf(png))) {
    png_infop last = info;
    png_destroy_write_struct(&png, &last);
    free(to.data);
    return 1;
  }
  info = png_create_info_struct(png);
  if (!info) png_error(png, "out of memory");
  png_set_write_fn(png, &to, write_some, flush);
  png_set_IHDR(png, info, width, height, 8, channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (size_t row = 0; row < height; row++) png_write_row(png, pixels + row * width * channels);
  png_write_end(png, info);
  png_infop last = info;
  png_destroy_write_struct(&png, &last);
  *data = to.data;
  *size = to.size;
  return 0;
}
