#include "cswitching.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CLONES
#endif

namespace {

// Sums run in 16 fixed lanes, so that the result does not depend on how wide the machine's vectors are.
constexpr int kLanes = 16;

struct Lanes {
  float lane[kLanes] = {};
  float total() const {
    double sum = 0;
    for (float value : lane) sum += value;
    return static_cast<float>(sum);
  }
};

// The similarity of a row and what its gradient a·x + b·y is made of.
struct Likeness {
  float value;
  float a;
  float b;
  bool moved;
};

inline float safe(float value) { return std::max(value, 1e-30f); }

CLONES Likeness exact(const float *x, const float *y, int64_t n, float dimensions, float resolution) {
  Lanes xx, xy, yy;
  float largest = 0;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    float difference[kLanes];
    for (int l = 0; l < kLanes; ++l) {
      xx.lane[l] += x[i + l] * x[i + l];
      xy.lane[l] += x[i + l] * y[i + l];
      yy.lane[l] += y[i + l] * y[i + l];
      difference[l] = std::fabs(y[i + l] - x[i + l]);
    }
    for (int l = 0; l < kLanes; ++l) largest = std::max(largest, difference[l]);
  }
  for (; i < n; ++i) {
    xx.lane[i % kLanes] += x[i] * x[i];
    xy.lane[i % kLanes] += x[i] * y[i];
    yy.lane[i % kLanes] += y[i] * y[i];
    largest = std::max(largest, std::fabs(y[i] - x[i]));
  }
  const float sx = xx.total(), sy = yy.total();
  if (!(sx > 1e-30f) || !(sy > 1e-30f)) {
    // Zero vectors carry no information; NaN is passed on for the caller to see.
    float value = (std::isfinite(sx) && std::isfinite(sy)) ? 0.0f : NAN;
    return {value, 0, 0, largest > 0};
  }
  const float along = xy.total() / sx;
  Lanes rr;
  for (i = 0; i + kLanes <= n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) {
      float r = y[i + l] - along * x[i + l];
      rr.lane[l] += r * r;
    }
  }
  for (; i < n; ++i) {
    float r = y[i] - along * x[i];
    rr.lane[i % kLanes] += r * r;
  }
  const float floor = resolution * resolution;
  const float sr = std::max(rr.total(), sy * floor);
  const float value = -0.5f * dimensions * std::log(std::min(1.0f, std::max(floor, sr / sy)));
  // d' (y / |y|^2 - (y - along x) / |r|^2)
  return {value, dimensions * along / sr, dimensions * (1 / sy - 1 / sr), largest > 0};
}

CLONES Likeness distance(const float *x, const float *y, int64_t n) {
  Lanes dd;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) {
      float d = y[i + l] - x[i + l];
      dd.lane[l] += d * d;
    }
  }
  for (; i < n; ++i) {
    float d = y[i] - x[i];
    dd.lane[i % kLanes] += d * d;
  }
  const float norm = std::sqrt(dd.total());
  return {-norm, 1 / safe(norm), -1 / safe(norm), norm > 0};
}

// The largest absolute value of g, or of a·x + b·y where g is NULL; NaN where any is NaN.
CLONES float largest(const float *g, const float *x, const float *y, float a, float b, int64_t n) {
  float best = 0;
  bool bad = false;
  for (int64_t i = 0; i < n; ++i) {
    float value = std::fabs(g ? g[i] : a * x[i] + b * y[i]);
    bad |= value != value;
    best = std::max(best, value);
  }
  return bad ? NAN : best;
}

// The norm of g (or of a·x + b·y), its values divided by `scale` first so that tiny ones do not underflow.
CLONES float scaled_norm(const float *g, const float *x, const float *y, float a, float b, float scale, int64_t n) {
  Lanes sum;
  const float inverse = 1 / scale;
  int64_t i = 0;
  if (g) {
    for (; i + kLanes <= n; i += kLanes) {
      for (int l = 0; l < kLanes; ++l) {
        float v = g[i + l] * inverse;
        sum.lane[l] += v * v;
      }
    }
  } else {
    for (; i + kLanes <= n; i += kLanes) {
      for (int l = 0; l < kLanes; ++l) {
        float v = (a * x[i + l] + b * y[i + l]) * inverse;
        sum.lane[l] += v * v;
      }
    }
  }
  for (; i < n; ++i) {
    float v = (g ? g[i] : a * x[i] + b * y[i]) * inverse;
    sum.lane[i % kLanes] += v * v;
  }
  return std::sqrt(sum.total()) * scale;
}

CLONES void move(const float *g, const float *x, float *y, float a, float b, float factor, float epsilon, int64_t n) {
  const float bound = epsilon < 1 ? epsilon : 2;
  for (int64_t i = 0; i < n; ++i) {
    float v = y[i] - factor * (g ? g[i] : a * x[i] + b * y[i]);
    v = std::min(1.0f, std::max(0.0f, v));
    y[i] = std::min(x[i] + bound, std::max(x[i] - bound, v));
  }
}

}  // namespace

extern "C" int64_t cs_advance(const cs_step *step, const float *x0, float *y0, float *best0, const float *f,
                              const float *gradient, cs_row *state, int64_t first, int64_t end) {
  const int64_t n = step->length;
  int64_t moving = 0;
  for (int64_t row = first; row < end; ++row) {
    cs_row &s = state[row];
    if (s.broken || s.stalled >= step->patience) continue;
    const float *x = x0 + row * n;
    float *y = y0 + row * n;
    const Likeness like = step->similarity == CS_EXACT ? exact(x, y, n, step->dimensions, step->resolution)
                                                       : distance(x, y, n);
    if (!std::isfinite(f[row]) || !std::isfinite(like.value)) {
      s.broken = 1;
      continue;
    }
    s.lowest = std::min(s.lowest, f[row]);
    if (f[row] <= 0 && like.moved && like.value < s.best_similarity) {
      s.best_similarity = like.value;
      s.best_criterion = f[row];
      s.best_iteration = step->iteration;
      s.stalled = 0;
      std::memcpy(best0 + row * n, y, static_cast<size_t>(n) * sizeof(float));
    } else if (s.best_iteration >= 0) {
      ++s.stalled;
    }
    if (step->last) continue;
    const float *g = f[row] > 0 ? gradient + row * n : nullptr;
    const float scale = largest(g, x, y, like.a, like.b, n);
    ++s.gradients;
    if (!std::isfinite(scale)) {
      s.broken = 1;
      continue;
    }
    if (scale == 0) ++s.zero_gradients;
    if (s.stalled >= step->patience) continue;
    ++moving;
    if (scale == 0) continue;
    const float norm = scaled_norm(g, x, y, like.a, like.b, std::max(scale, 1e-30f), n);
    move(g, x, y, like.a, like.b, step->step / safe(norm), step->epsilon, n);
  }
  return moving;
}
