// The whole of one sample's MINE, compiled once for each instruction set: the including file defines MINE_LANES.
#pragma once

#include "mine_branch.h"

namespace {

/// T of the joint and of the marginal pairs, one value a view, from the pre-activations (which gain the bias here).
void critic(const Shape &s, const State &state, Scratch &w) {
  alignas(64) float joint[kSlice], marginal[kSlice];
  for (int64_t k = 0; k < s.K; ++k) {
    for (int64_t lane = 0; lane < kSlice; lane += kLanes) {
      Vector sum_joint{}, sum_marginal{};
      for (int64_t slice = 0; slice < s.slices; ++slice) {
        int64_t base = slice * s.rows * kSlice + lane;
        Vector v = load(state.output + slice * kColumn + lane);
        Vector a = load(w.a + base + k * kSlice) + load(state.bias + slice * kColumn + lane);
        store(w.a + base + k * kSlice, a);
        sum_joint = fused(v, relu(a + load(w.c + base + k * kSlice)), sum_joint);
        sum_marginal = fused(v, relu(a + load(w.c + base + w.permutation[k] * kSlice)), sum_marginal);
      }
      store(joint + lane, sum_joint);
      store(marginal + lane, sum_marginal);
    }
    w.joint[k] = sum16(joint);
    w.marginal[k] = sum16(marginal);
  }
}

/// The Donsker-Varadhan bound: mean T(joint) - log mean exp T(marginal). Leaves the softmax of the marginal values,
/// the weights of their gradient, in `w.marginal`.
float bound(const Shape &s, Scratch &w) {
  float top = w.marginal[0];
  for (int64_t k = 1; k < s.K; ++k) top = w.marginal[k] > top ? w.marginal[k] : top;
  for (int64_t k = s.K; k < s.rows; ++k) w.marginal[k] = top;  // padding; not summed
  for (int64_t k = 0; k < s.rows; k += kLanes) store(w.marginal + k, exponential(load(w.marginal + k) - top));
  double joint = 0, total = 0;
  for (int64_t k = 0; k < s.K; ++k) {
    joint += w.joint[k];
    total += w.marginal[k];
  }
  float scale = (float)(1 / total);
  for (int64_t k = 0; k < s.K; ++k) w.marginal[k] *= scale;
  return (float)(joint / s.K - (top + log(total / s.K)));
}

/// The gradients of the pre-activations, and one Adam step of b and v if `adam` is given.
void critic_gradient(const Shape &s, State &state, Scratch &w, const Adam *adam) {
  float weight = 1 / (float)s.K;
  for (int64_t slice = 0; slice < s.slices; ++slice)
    for (int64_t lane = 0; lane < kSlice; lane += kLanes) {
      int64_t base = slice * s.rows * kSlice + lane;
      Vector v = load(state.output + slice * kColumn + lane);
      Vector joint_gradient = v * weight, output_gradient{}, bias_gradient{};
      for (int64_t k = 0; k < s.K; ++k) {
        Vector p = load(w.a + base + k * kSlice) + load(w.c + base + k * kSlice);
        Vector dp = p <= 0 ? Vector{} : joint_gradient;
        output_gradient = fused(relu(p), weight, output_gradient);
        bias_gradient += dp;
        store(w.da + base + k * kSlice, dp);
        store(w.dc + base + k * kSlice, dp);
      }
      for (int64_t k = 0; k < s.K; ++k) {
        int64_t other = base + w.permutation[k] * kSlice;
        Vector q = load(w.a + base + k * kSlice) + load(w.c + other);
        Vector dq = q <= 0 ? Vector{} : v * w.marginal[k];
        output_gradient = fused(relu(q), -w.marginal[k], output_gradient);
        bias_gradient -= dq;
        store(w.da + base + k * kSlice, load(w.da + base + k * kSlice) - dq);
        store(w.dc + other, load(w.dc + other) - dq);
      }
      if (adam) {
        adam->update(state.bias + slice * kColumn + lane, bias_gradient);
        adam->update(state.output + slice * kColumn + lane, output_gradient);
      }
    }
}

/// While it lives, numbers too small to be normal count as zero on this thread. Moments of units that no view excites any
/// more decay into that range, where an instruction takes a hundred times as long on some processors, and weights do not
/// feel them: they are added to epsilon, which is 1e30 times as large.
class FlushToZero {
#if defined(__SSE2__)
  unsigned int before = _mm_getcsr();

 public:
  FlushToZero() { _mm_setcsr(before | 0x8040); }
  ~FlushToZero() { _mm_setcsr(before); }
#elif defined(__aarch64__)
  uint64_t before;

 public:
  FlushToZero() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" ::"r"(before | 1u << 24));
  }
  ~FlushToZero() { __asm__ volatile("msr fpcr, %0" ::"r"(before)); }
#else
 public:
  FlushToZero() {}
  ~FlushToZero() {}
#endif
  FlushToZero(const FlushToZero &) = delete;
  FlushToZero &operator=(const FlushToZero &) = delete;
};

void advance(
    const cm_configuration *configuration, float *state_memory, float *scratch, const float *x, const float *y,
    int64_t steps, int64_t first_step, uint64_t seed, uint64_t index, float *value, float *gradient) {
  FlushToZero small;
  Shape s(*configuration);
  State state(s, state_memory);
  Scratch w(s, scratch);
  kr_stream training = kr_make_stream(seed, CM_TRAINING, index);
  kr_stream evaluation = kr_make_stream(seed, CM_EVALUATION, index);
  uint64_t blocks = (uint64_t)((s.K + 3) / 4);  // of random words, for one permutation

  pack(s, x, w.x);
  pack(s, y, w.y);
  activate(s, w.x, state.x, w.a);
  activate(s, w.y, state.y, w.c);
  // The padded views take part in the sums over views: their gradients are zero.
  memset(w.da, 0, sizeof(float) * s.row_floats());
  memset(w.dc, 0, sizeof(float) * s.row_floats());

  for (int64_t t = first_step; t < first_step + steps; ++t) {
    kr_permutation(&training, (uint64_t)t * blocks, w.permutation, (int32_t)s.K);
    critic(s, state, w);
    bound(s, w);
    Adam adam(*configuration, t);
    critic_gradient(s, state, w, &adam);
    step(s, adam, w.x, w.da, state.x, w.a);
    step(s, adam, w.y, w.dc, state.y, w.c);
  }

  kr_permutation(&evaluation, (uint64_t)(first_step + steps) * blocks, w.permutation, (int32_t)s.K);
  critic(s, state, w);
  *value = bound(s, w);
  if (gradient) {
    critic_gradient(s, state, w, nullptr);
    input_gradient(s, state.y, w.dc, w.y, w.turned, gradient);
  }
}

}  // namespace
