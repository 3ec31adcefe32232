// One branch of the network, W x for K views of D values: pre-activations, gradient, Adam.
//
// A step visits the branch once, in blocks of columns: the gradient of a block, Adam on it, and at once the block's
// share of the next step's pre-activations, so weights and moments cross the border of L1 once a step.
// Sums over views and over columns run in the same order whatever the vector width.
#pragma once

#include <string.h>

#include <type_traits>

#include "mine_layout.h"
#include "mine_vector.h"

namespace {

constexpr int64_t kBlock = 32;           // columns a block: about 8 KiB with K = 16
constexpr int kGroup = kLanes == 16 ? 16 : 8;  // views whose accumulators live in registers together

/// One step's constants: w += rate * m / (sqrt(v) + epsilon), with both bias corrections folded in.
struct Adam {
  float beta1, beta2, rate, epsilon;
  Adam(const cm_configuration &c, int64_t step) : beta1(c.beta1), beta2(c.beta2) {
    double t = (double)(step + 1);
    double first = 1 - pow((double)c.beta1, t), second = sqrt(1 - pow((double)c.beta2, t));
    rate = (float)(c.learning_rate * second / first);
    epsilon = (float)(c.epsilon * second);
  }
  /// Ascends one column (or bias), whose weight and moments lie a slice apart.
  inline void update(float *column, Vector gradient) const {
    Vector m = fused(gradient, 1 - beta1, load(column + kSlice) * beta1);
    Vector v = fused(gradient * gradient, 1 - beta2, load(column + 2 * kSlice) * beta2);
    store(column + kSlice, m);
    store(column + 2 * kSlice, v);
    store(column, load(column) + m * rate / (square_root(v) + epsilon));
  }
};

/// Sums over `Views` rows: sum[d] += rows[k] * x[d * stride + k] for `n` columns, continued from `partial` unless
/// `first`. The finished sums go to Adam if `adam` is given, to `partial` otherwise.
template <int Views, int Together>
inline void backward_columns(
    const float *x, int64_t stride, const Vector *rows, float *partial, bool first, float *state,
    const Adam *adam) {
  Vector sum[Together];
  for (int u = 0; u < Together; ++u) sum[u] = first ? Vector{} : load(partial + u * kSlice);
#pragma GCC unroll 16
  for (int k = 0; k < Views; ++k)
#pragma GCC unroll 4
    for (int u = 0; u < Together; ++u) sum[u] = fused(rows[k], x[u * stride + k], sum[u]);
  for (int u = 0; u < Together; ++u) {
    if (adam) adam->update(state + u * kColumn, sum[u]);
    else store(partial + u * kSlice, sum[u]);
  }
}

template <int Views>
inline void backward(
    const float *x, int64_t stride, const float *rows, float *partial, bool first, int64_t n, float *state,
    const Adam *adam) {
  Vector g[Views];
  for (int k = 0; k < Views; ++k) g[k] = load(rows + k * kSlice);
  constexpr int together = 4;  // independent chains, enough to hide the latency of a fused multiply-add
  int64_t d = 0;
  for (; d + together <= n; d += together)
    backward_columns<Views, together>(
        x + d * stride, stride, g, partial + d * kSlice, first, state + d * kColumn, adam);
  for (; d < n; ++d)
    backward_columns<Views, 1>(x + d * stride, stride, g, partial + d * kSlice, first, state + d * kColumn, adam);
}

/// Adds `n` columns to the pre-activations of `Views` views.
template <int Views>
inline void forward(const float *x, float *rows, const float *state, int64_t n) {
  Vector a[Views];
  for (int k = 0; k < Views; ++k) a[k] = load(rows + k * kSlice);
  for (int64_t d = 0; d < n; ++d) {
    Vector w = load(state + d * kColumn);
#pragma GCC unroll 16
    for (int k = 0; k < Views; ++k) a[k] = fused(w, x[d * kPanel + k], a[k]);
  }
  for (int k = 0; k < Views; ++k) store(rows + k * kSlice, a[k]);
}

/// Calls `body(first view, width)` for each group of views: full groups, then the rest rounded up to four.
template <typename Body>
inline void for_each_group(int64_t views, Body body) {
  for (int64_t k = 0; k < views; k += kGroup) {
    int64_t left = views - k;
    if (left > kGroup - 4) body(k, std::integral_constant<int, kGroup>());
    else if (left > 8) body(k, std::integral_constant<int, 12>());
    else if (left > 4) body(k, std::integral_constant<int, 8>());
    else body(k, std::integral_constant<int, 4>());
  }
}

/// The pre-activations W x.
void activate(const Shape &s, const float *panels, const float *state, float *rows) {
  memset(rows, 0, sizeof(float) * s.row_floats());
  for (int64_t slice = 0; slice < s.slices; ++slice)
    for (int64_t lane = 0; lane < kSlice; lane += kLanes) {
      const float *w = state + slice * s.D * kColumn + lane;
      float *out = rows + slice * s.rows * kSlice + lane;
      for_each_group(s.K, [&](int64_t k, auto width) {
        const float *x = panels + k / kPanel * s.D * kPanel + k % kPanel;
        forward<decltype(width)::value>(x, out + k * kSlice, w, s.D);
      });
    }
}

/// One Adam step from the gradient of the pre-activations, and the new pre-activations.
void step(
    const Shape &s, const Adam &adam, const float *panels, const float *gradient, float *state, float *rows) {
  memset(rows, 0, sizeof(float) * s.row_floats());
  alignas(64) float partial[kBlock * kSlice];
  for (int64_t slice = 0; slice < s.slices; ++slice)
    for (int64_t lane = 0; lane < kSlice; lane += kLanes) {
      const float *g = gradient + slice * s.rows * kSlice + lane;
      float *out = rows + slice * s.rows * kSlice + lane;
      for (int64_t d = 0; d < s.D; d += kBlock) {
        int64_t n = s.D - d < kBlock ? s.D - d : kBlock;
        float *w = state + (slice * s.D + d) * kColumn + lane;
        for_each_group(s.K, [&](int64_t k, auto width) {
          const float *x = panels + (k / kPanel * s.D + d) * kPanel + k % kPanel;
          backward<decltype(width)::value>(
              x, kPanel, g + k * kSlice, partial, k == 0, n, w, k + kGroup >= s.K ? &adam : nullptr);
        });
        for_each_group(s.K, [&](int64_t k, auto width) {
          const float *x = panels + (k / kPanel * s.D + d) * kPanel + k % kPanel;
          forward<decltype(width)::value>(x, out + k * kSlice, w, n);
        });
      }
    }
}

/// [K, D] rows to panels of 16 views, the last padded with zeros.
void pack(const Shape &s, const float *x, float *panels) {
  for (int64_t p = 0; p < s.panels; ++p) {
    int64_t views = s.K - p * kPanel < kPanel ? s.K - p * kPanel : kPanel;
    float *out = panels + p * s.D * kPanel;
    if (views < kPanel) memset(out, 0, sizeof(float) * s.D * kPanel);
    for (int64_t k = 0; k < views; ++k)
      for (int64_t d = 0; d < s.D; ++d) out[d * kPanel + k] = x[(p * kPanel + k) * s.D + d];
  }
}

/// The gradient [K, D] of a branch's input: each view's row of `gradient` times W. `panels` and `turned` (one
/// panel's rows with lanes across views) are working memory.
void input_gradient(
    const Shape &s, const float *state, const float *gradient, float *panel, float *turned, float *out) {
  for (int64_t p = 0; p < s.panels; ++p) {
    for (int64_t slice = 0; slice < s.slices; ++slice) {
      const float *rows = gradient + (slice * s.rows + p * kPanel) * kSlice;
      for (int64_t h = 0; h < kSlice; ++h)
        for (int64_t k = 0; k < kPanel; ++k) turned[h * kPanel + k] = rows[k * kSlice + h];
      for (int64_t lane = 0; lane < kPanel; lane += kLanes)
        for (int64_t h = 0; h < kSlice; h += kGroup)
          backward<kGroup>(
              state + slice * s.D * kColumn + h, kColumn, turned + h * kPanel + lane, panel + lane,
              slice == 0 && h == 0, s.D, nullptr, nullptr);
    }
    int64_t views = s.K - p * kPanel < kPanel ? s.K - p * kPanel : kPanel;
    for (int64_t k = 0; k < views; ++k)
      for (int64_t d = 0; d < s.D; ++d) out[(p * kPanel + k) * s.D + d] = panel[d * kPanel + k];
  }
}

}  // namespace
