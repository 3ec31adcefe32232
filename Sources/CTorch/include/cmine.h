// Per-sample MINE on a CPU: one network, its Adam state and its training steps in one cache-resident pass.
// Plain C; the caller owns all memory and nothing is allocated inside. One call works on one sample on the
// calling thread, so the numbers depend on nothing but the arguments.
#pragma once

#include <stdint.h>

#include "keyed_random.h"

#ifdef __cplusplus
extern "C" {
#endif

/// T(x_k, y_k) = v . relu(W_x x_k + W_y y_k + b) over `views` pairs of rows of `dimension` values, trained by
/// Adam to ascend the Donsker-Varadhan bound.
typedef struct cm_configuration {
  int64_t views;      // K >= 1
  int64_t dimension;  // D >= 1
  int64_t hidden;     // H >= 1
  float learning_rate;
  float beta1, beta2, epsilon;
} cm_configuration;

/// Purposes of the keyed streams (see keyed_random.h). The initial parameters are draws of the first; training
/// step s uses the permutation at block s * ceil(K / 4) of the second; the bound after s steps has been taken is
/// evaluated with the permutation at block s * ceil(K / 4) of the third.
enum { CM_PARAMETERS = 0x4D490001, CM_TRAINING = 0x4D490002, CM_EVALUATION = 0x4D490003 };

/// `steps` Adam steps from step `first_step` (the number taken so far), each with its own permutation; then the
/// bound at the new parameters and, if `gradient` is not null, its gradient [K, D] with respect to `y`.
/// `x` and `y` are [K, D], row after row. NaN or infinity in them spreads to this sample's state and no further.
typedef void (*cm_advance)(
    const cm_configuration *, float *state, float *scratch, const float *x, const float *y, int64_t steps,
    int64_t first_step, uint64_t seed, uint64_t index, float *value, float *gradient);

/// Raised by one with every change of the table below; a library of another version is refused.
#define CM_API_VERSION 1

typedef struct cm_api {
  int32_t version;
  /// Floats of a sample's state (parameters and Adam's moments) and of the scratch memory of one thread.
  /// Both want 64-byte alignment for speed; neither needs it to be correct.
  int64_t (*state_floats)(const cm_configuration *);
  int64_t (*scratch_floats)(const cm_configuration *);
  /// W_x, W_y uniform in +-1/sqrt(D), b in +-1/sqrt(D), v in +-1/sqrt(H), drawn in the order of `parameters`;
  /// moments zero.
  void (*initialise)(const cm_configuration *, float *state, uint64_t seed, uint64_t index);
  /// The parameters as W_x [H, D], W_y [H, D], b [H], v [H], one after the other.
  void (*parameters)(const cm_configuration *, const float *state, float *out);
  /// The kernel compiled for "avx512", "avx2" or "baseline"; null where this processor or build lacks it.
  cm_advance (*kernel)(const char *instruction_set);
  /// The fastest of them here, and its name.
  cm_advance advance;
  const char *instruction_set;
} cm_api;

/// The one symbol of the native library that this header is about.
#define CM_API_SYMBOL "cm_api_table"

#ifdef __cplusplus
}
#endif
