#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <jerror.h>

#include "cimages.h"

typedef struct {
  struct jpeg_error_mgr manager;
  jmp_buf escape;
  char *message;
} errors;

static void fail(j_common_ptr codec) {
  errors *report = (errors *)codec->err;
  char text[JMSG_LENGTH_MAX];
  report->manager.format_message(codec, text);
  snprintf(report->message, UAE_MESSAGE, "%s", text);
  longjmp(report->escape, 1);
}

// libjpeg warns of damage (level -1) and makes pixels up; here damage is an error. What cameras write between or above the
// pixels is none.
static void note(j_common_ptr codec, int level) {
  const int code = codec->err->msg_code;
  if (code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM) return;
  if (level < 0) fail(codec);
}

// A scan of a few bytes makes libjpeg go over the whole image: thousands of them would keep it busy for minutes.
static void count_scans(j_common_ptr codec) {
  if (((j_decompress_ptr)codec)->input_scan_number <= 500) return;
  errors *report = (errors *)codec->err;
  snprintf(report->message, UAE_MESSAGE, "has more than 500 scans: refused as a bomb");
  longjmp(report->escape, 1);
}

int uae_jpeg_decode(const uint8_t *data, size_t size, size_t limit, uae_image *image, char *message) {
  struct jpeg_decompress_struct codec;
  errors report;
  struct jpeg_progress_mgr watch = {.progress_monitor = count_scans};
  codec.err = jpeg_std_error(&report.manager);
  report.manager.error_exit = fail;
  report.manager.emit_message = note;
  report.message = message;
  image->pixels = NULL;
  if (size == 0) {
    snprintf(message, UAE_MESSAGE, "the file is empty");
    return 1;
  }
  if (setjmp(report.escape)) {
    jpeg_destroy_decompress(&codec);
    uae_image_free(image);
    return 1;
  }
  jpeg_create_decompress(&codec);
  // Progressive images hold all coefficients in memory.
  codec.mem->max_memory_to_use = 1L << 30;
  jpeg_mem_src(&codec, data, size);
  jpeg_read_header(&codec, TRUE);
  if (codec.num_components != 1 && codec.num_components != 3) {
    snprintf(message, UAE_MESSAGE, "has %d colour components; grey (1) and RGB (3) are read", codec.num_components);
    longjmp(report.escape, 1);
  }
  codec.out_color_space = codec.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  size_t stride = (size_t)codec.image_width * codec.num_components;
  // A block of 8 by 8 samples takes at least one bit, and sampling factors of 4 by 4 give 1,365 bytes for 18 bits.
  if (codec.image_height > limit / stride || stride * codec.image_height / 1500 > size) {
    snprintf(message, UAE_MESSAGE, "says it has %u x %u pixels, too many for its size", codec.image_width,
             codec.image_height);
    longjmp(report.escape, 1);
  }
  codec.progress = &watch;
  jpeg_start_decompress(&codec);
  image->width = codec.output_width;
  image->height = codec.output_height;
  image->channels = codec.output_components;
  image->bits = 8;
  image->pixels = malloc(stride * image->height);
  if (!image->pixels) {
    snprintf(message, UAE_MESSAGE, "out of memory");
    longjmp(report.escape, 1);
  }
  while (codec.output_scanline < codec.output_height) {
    JSAMPROW row = image->pixels + codec.output_scanline * stride;
    jpeg_read_scanlines(&codec, &row, 1);
  }
  jpeg_finish_decompress(&codec);
  jpeg_destroy_decompress(&codec);
  return 0;
}
