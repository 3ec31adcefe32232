// One step of the switching solver for the rows of a tile, fused: similarity and its gradient, bookkeeping of the best
// iterate, normalised step and projection in a few passes over a row that stays in the cache. Plain C++, no LibTorch.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cs_similarity {
  /// -(d'/2) ln(1 - cos^2(x, y))
  CS_EXACT = 0,
  /// -|y - x|
  CS_DISTANCE = 1,
} cs_similarity;

/// A row's bookkeeping. Zero-initialise, then set `best_similarity` and `lowest` to infinity and `best_iteration` to -1.
typedef struct cs_row {
  float best_similarity;
  float best_criterion;
  /// The smallest criterion value seen.
  float lowest;
  int32_t best_iteration;
  /// Iterates since the last improvement, once one was found.
  int32_t stalled;
  int32_t gradients;
  int32_t zero_gradients;
  /// 1 once a number was NaN or infinite; the row then rests.
  int32_t broken;
} cs_row;

typedef struct cs_step {
  int64_t rows;
  int64_t length;
  cs_similarity similarity;
  /// d' of the exact information.
  float dimensions;
  /// Relative residual below which y counts as parallel to x.
  float resolution;
  int32_t iteration;
  int32_t patience;
  /// Length of the step; with `last` set nothing moves.
  float step;
  int32_t last;
  /// Largest change of a value; 1 or more is no bound.
  float epsilon;
} cs_step;

/// Considers the iterates `y` (criterion values `f`, their gradients `gradient`, NULL with `last`) and moves them.
/// All arrays are row-major `rows x length`. Returns how many of the rows [first, end) are still moving.
typedef int64_t (*cs_advance_function)(const cs_step *step, const float *x, float *y, float *best, const float *f,
                                       const float *gradient, cs_row *state, int64_t first, int64_t end);

/// The symbol to look up.
#define CS_ADVANCE_SYMBOL "cs_advance"

#ifdef __cplusplus
}
#endif
