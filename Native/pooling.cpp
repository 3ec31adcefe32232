// Maxima of 2 × 2 values without overlap, the pooling of most small networks, several times as fast as LibTorch's kernel for
// its usual layout, which looks at one value at a time; with channels last as well. To the bit the same, indices and NaN
// included.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d_with_indices_cpu_dispatch.h>
#include <torch/library.h>

#include "bridge.h"
#include "clones.h"

namespace {

constexpr int64_t kLanes = 8;
typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t Places __attribute__((vector_size(kLanes * sizeof(int32_t))));

#define INLINE __attribute__((always_inline)) inline

/// Takes the others, and their place in the square, where they are larger than the values so far, or NaN.
INLINE void consider(Vector &values, Places &places, const Vector &others, int32_t place) {
  const Places wins = (others > values) | (others != others);
  values = wins ? others : values;
  places = wins ? Places{} + place : places;
}

/// The same for one value: the largest of the four that are `steps` times `stride` from x, and the step that leads to it.
INLINE std::pair<float, int64_t> largest(const float *x, const int64_t *steps, int64_t stride) {
  std::pair<float, int64_t> found = {x[0], 0};
  for (int k = 1; k < 4; ++k) {
    const float other = x[steps[k] * stride];
    if (other > found.first || other != other) found = {other, steps[k]};
  }
  return found;
}

/// A row of maxima and of their places in the plane, of two rows of a plane; `first` is the place of the upper one, `steps`
/// leads from the first of four values to each.
///
/// The squares are taken apart by hand: compilers gather them one value at a time.
INLINE void pool_row(
    const float *upper, const int64_t *steps, int64_t count, int64_t first, float *out, int64_t *places) {
  const float *lower = upper + steps[2];
  const auto below = static_cast<int32_t>(steps[2]);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    Vector u0, u1, l0, l1;
    std::memcpy(&u0, upper + 2 * i, sizeof u0);
    std::memcpy(&u1, upper + 2 * i + kLanes, sizeof u1);
    std::memcpy(&l0, lower + 2 * i, sizeof l0);
    std::memcpy(&l1, lower + 2 * i + kLanes, sizeof l1);
    Vector value = __builtin_shufflevector(u0, u1, 0, 2, 4, 6, 8, 10, 12, 14);
    Places which = {};
    consider(value, which, __builtin_shufflevector(u0, u1, 1, 3, 5, 7, 9, 11, 13, 15), 1);
    consider(value, which, __builtin_shufflevector(l0, l1, 0, 2, 4, 6, 8, 10, 12, 14), below);
    consider(value, which, __builtin_shufflevector(l0, l1, 1, 3, 5, 7, 9, 11, 13, 15), below + 1);
    std::memcpy(out + i, &value, sizeof value);
    for (int64_t lane = 0; lane < kLanes; ++lane) places[i + lane] = first + 2 * (i + lane) + which[lane];
  }
  for (; i < count; ++i) {
    const auto [value, step] = largest(upper + 2 * i, steps, 1);
    out[i] = value;
    places[i] = first + 2 * i + step;
  }
}

CLONES("avx2") void pool_planes(
    const float *x, int64_t height, int64_t width, float *out, int64_t *places, int64_t begin, int64_t end) {
  const int64_t rows = height / 2, columns = width / 2, steps[] = {0, 1, width, width + 1};
  for (int64_t plane = begin; plane < end; ++plane) {
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t first = 2 * row * width, at = (plane * rows + row) * columns;
      pool_row(x + plane * height * width + first, steps, columns, first, out + at, places + at);
    }
  }
}

/// The maxima of one pixel, of four pixels whose channels lie side by side, and their places in the plane; `steps` leads from
/// the first of them to each.
INLINE void pool_pixel(
    const float *x, const int64_t *steps, int64_t channels, int64_t first, float *out, int64_t *places) {
  typedef int64_t WidePlaces __attribute__((vector_size(kLanes * sizeof(int64_t))));
  int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) {
    Vector value;
    std::memcpy(&value, x + c, sizeof value);
    Places which = {};
    for (int k = 1; k < 4; ++k) {
      Vector other;
      std::memcpy(&other, x + steps[k] * channels + c, sizeof other);
      consider(value, which, other, static_cast<int32_t>(steps[k]));
    }
    const WidePlaces wide = __builtin_convertvector(which, WidePlaces) + first;
    std::memcpy(out + c, &value, sizeof value);
    std::memcpy(places + c, &wide, sizeof wide);
  }
  for (; c < channels; ++c) {
    const auto [value, step] = largest(x + c, steps, channels);
    out[c] = value;
    places[c] = first + step;
  }
}

/// As `pool_planes`, for images whose pixels have their channels side by side; `begin` and `end` count images.
CLONES("avx2") void pool_pixels(
    const float *x, int64_t channels, int64_t height, int64_t width, float *out, int64_t *places, int64_t begin,
    int64_t end) {
  const int64_t rows = height / 2, columns = width / 2, steps[] = {0, 1, width, width + 1};
  for (int64_t image = begin; image < end; ++image) {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        const int64_t first = 2 * row * width + 2 * column;
        const int64_t at = ((image * rows + row) * columns + column) * channels;
        pool_pixel(x + (image * height * width + first) * channels, steps, channels, first, out + at, places + at);
      }
    }
  }
}

bool all(at::IntArrayRef values, int64_t wanted) {
  for (int64_t value : values) {
    if (value != wanted) return false;
  }
  return true;
}

std::tuple<at::Tensor, at::Tensor> pool(
    const at::Tensor &x, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding,
    at::IntArrayRef dilation, bool rounds_up) {
  const at::MemoryFormat format = x.suggest_memory_format();
  const bool is_plain = x.dim() == 4 && x.scalar_type() == at::kFloat && x.is_contiguous(format) && kernel.size() <= 2 &&
                        all(kernel, 2) && all(stride, 2) && all(padding, 0) && all(dilation, 1) && !rounds_up &&
                        x.size(3) < (1 << 30) && x.size(0) > 0 && x.size(1) > 0 && x.size(2) > 1 && x.size(3) > 1;
  if (!is_plain) return at::cpu::max_pool2d_with_indices(x, kernel, stride, padding, dilation, rounds_up);
  const int64_t height = x.size(2), width = x.size(3);
  at::Tensor out = at::empty({x.size(0), x.size(1), height / 2, width / 2}, x.options().memory_format(format));
  at::Tensor places = at::empty(out.sizes(), x.options().dtype(at::kLong).memory_format(format));
  const float *from = x.const_data_ptr<float>();
  float *to = out.mutable_data_ptr<float>();
  int64_t *at = places.mutable_data_ptr<int64_t>();
  // Images with channels last, else planes.
  const bool is_last = format == at::MemoryFormat::ChannelsLast;
  const int64_t size = height * width * (is_last ? x.size(1) : 1);
  const int64_t grain = std::max<int64_t>(1, at::internal::GRAIN_SIZE / size);
  at::parallel_for(0, x.size(0) * (is_last ? 1 : x.size(1)), grain, [&](int64_t begin, int64_t end) {
    if (is_last) return pool_pixels(from, x.size(1), height, width, to, at, begin, end);
    pool_planes(from, height, width, to, at, begin, end);
  });
  return {out, places};
}

/// Takes no notice of what LibTorch says of a kernel that takes another's place.
struct Silent : c10::WarningHandler {
  void process(const c10::Warning &) override {}
};

}  // namespace

namespace bridge {

void replace_kernels() {
  Silent silent;
  c10::WarningUtils::WarningHandlerGuard guard(&silent);
  // Never deleted: it must outlive whatever calls an operator as the process ends.
  static auto *library = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::CPU, __FILE__, __LINE__);
  library->impl("max_pool2d_with_indices", pool);
}

}  // namespace bridge
