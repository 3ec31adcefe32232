#include "cswitching.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "clones.h"

namespace {

// Sums run in 16 fixed lanes (a vector type of the compiler's, lowered to whatever the machine has), so that the result
// does not depend on how wide the machine's vectors are.
constexpr int64_t kLanes = 16;
typedef float Vector __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t Mask __attribute__((vector_size(kLanes * sizeof(int32_t))));

inline Vector load(const float *p) {
  Vector v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// The last values of a row, followed by zeros.
inline Vector load(const float *p, int64_t count) {
  Vector v = {};
  std::memcpy(&v, p, static_cast<size_t>(count) * sizeof(float));
  return v;
}

inline void store(float *p, Vector v, int64_t count) { std::memcpy(p, &v, static_cast<size_t>(count) * sizeof(float)); }

inline float sum(Vector v) {
  double total = 0;
  for (int64_t l = 0; l < kLanes; ++l) total += v[l];
  return static_cast<float>(total);
}

inline Vector select(Mask mask, Vector a, Vector b) { return mask ? a : b; }
inline Vector minimum(Vector a, Vector b) { return select(a < b, a, b); }
inline Vector maximum(Vector a, Vector b) { return select(a > b, a, b); }
inline Vector splat(float value) { return Vector{} + value; }

// Calls body(offset, count) for each full vector of a row and for the rest.
template <typename Body>
inline __attribute__((always_inline)) void each(int64_t n, Body body) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, kLanes);
  if (i < n) body(i, n - i);
}

inline Vector at(const float *p, int64_t i, int64_t count) { return count == kLanes ? load(p + i) : load(p + i, count); }

// The similarity of a row and its gradient p·y + q·(y - s·x): a difference first, so that it keeps its digits near x.
struct Gradient {
  float p;
  float q;
  float s;
};

struct Likeness {
  float value;
  Gradient gradient;
  bool moved;
};

inline __attribute__((always_inline)) Likeness exact(const float *x0, const float *y0, int64_t n, float dimensions,
                                                     float resolution) {
  Vector xx = {}, xy = {}, yy = {}, dd = {};
  each(n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
    Vector x = at(x0, i, count), y = at(y0, i, count), d = y - x;
    xx += x * x;
    xy += x * y;
    yy += y * y;
    dd = maximum(dd, maximum(d, -d));
  });
  const float sx = sum(xx), sy = sum(yy);
  const bool moved = sum(dd) > 0;
  if (!(sx > 1e-30f) || !(sy > 1e-30f)) {
    // Zero vectors carry no information; NaN is passed on for the caller to see.
    float value = (std::isfinite(sx) && std::isfinite(sy)) ? 0.0f : NAN;
    return {value, {0, 0, 0}, moved};
  }
  const float along = sum(xy) / sx;
  Vector rr = {};
  each(n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
    Vector r = at(y0, i, count) - along * at(x0, i, count);
    rr += r * r;
  });
  const float sr = sum(rr), floor = resolution * resolution;
  const float value = -0.5f * dimensions * std::log(std::min(1.0f, std::max(floor, sr / sy)));
  // Parallel to x the residual is rounding and tells no direction.
  if (!(sr > sy * floor)) return {value, {0, 0, 0}, moved};
  // d' (y / |y|^2 - r / |r|^2) with r = y - along x
  return {value, {dimensions / sy, -dimensions / sr, along}, moved};
}

inline __attribute__((always_inline)) Likeness distance(const float *x0, const float *y0, int64_t n) {
  Vector dd = {};
  each(n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
    Vector d = at(y0, i, count) - at(x0, i, count);
    dd += d * d;
  });
  const float norm = std::sqrt(sum(dd));
  return {-norm, {0, norm > 0 ? -1 / norm : 0, 1}, norm > 0};
}

// The values of a direction: g where it is given, else the similarity's own gradient.
template <bool kGiven>
inline __attribute__((always_inline)) Vector direction(const float *g, const float *x, const float *y, Gradient own,
                                                       int64_t i, int64_t count) {
  if (kGiven) return at(g, i, count);
  Vector v = at(y, i, count);
  return own.p * v + own.q * (v - own.s * at(x, i, count));
}

// Moves y by `step` against a direction. Returns its largest absolute value: 0 where nothing tells a direction, NaN or
// infinity where it is not finite; y is then as it was.
template <bool kGiven>
inline __attribute__((always_inline)) float descend(const float *g, const float *x0, float *y0, Gradient own, float step,
                                                    float epsilon, int64_t n) {
  Vector top = {}, bad = {};
  each(n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
    Vector v = direction<kGiven>(g, x0, y0, own, i, count);
    top = maximum(top, maximum(v, -v));
    bad += v - v;  // NaN for NaN and for infinity
  });
  float largest = 0;
  for (int64_t l = 0; l < kLanes; ++l) largest = std::max(largest, top[l]);
  if (!(sum(bad) == 0)) return NAN;
  if (largest == 0) return 0;
  // Divided by the largest value first, so that the squares of tiny ones do not underflow.
  const float scale = std::max(largest, 1e-30f), inverse = 1 / scale;
  Vector squares = {};
  each(n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
    Vector v = direction<kGiven>(g, x0, y0, own, i, count) * inverse;
    squares += v * v;
  });
  const float factor = step / std::max(std::sqrt(sum(squares)) * scale, 1e-30f);
  const float bound = epsilon < 1 ? epsilon : 2;
  each(n, [&](int64_t i, int64_t count) __attribute__((always_inline)) {
    Vector x = at(x0, i, count);
    Vector v = at(y0, i, count) - factor * direction<kGiven>(g, x0, y0, own, i, count);
    v = minimum(splat(1), maximum(splat(0), v));
    store(y0 + i, minimum(x + bound, maximum(x - bound, v)), count);
  });
  return largest;
}

}  // namespace

extern "C" CLONES("avx512f", "avx2") int64_t cs_advance(const cs_step *step, const float *x0, float *y0, float *best0, const float *f,
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
    if (s.stalled >= step->patience) continue;
    const float largest =
        f[row] > 0 ? descend<true>(gradient + row * n, x, y, like.gradient, step->step, step->epsilon, n)
                   : descend<false>(nullptr, x, y, like.gradient, step->step, step->epsilon, n);
    ++s.gradients;
    if (!std::isfinite(largest)) {
      s.broken = 1;
      continue;
    }
    s.zero_gradients += largest == 0;
    ++moving;
  }
  return moving;
}
