// The table of cmine.h: memory sizes, initial parameters, and the choice of the kernel for this processor.
#include <math.h>
#include <string.h>

#include <initializer_list>

#include "mine_layout.h"
#include "mine_variants.h"

namespace {

/// Best first.
const char *const instruction_sets[] = {"avx512", "avx2", "baseline"};

cm_advance kernel(const char *name) {
#if CTORCH_AVX512
  if (strcmp(name, "avx512") == 0)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
               ? mine_advance_avx512
               : nullptr;
#endif
#if CTORCH_AVX2
  if (strcmp(name, "avx2") == 0)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? mine_advance_avx2 : nullptr;
#endif
  return strcmp(name, "baseline") == 0 ? mine_advance_baseline : nullptr;
}

const char *best() {
  for (const char *name : instruction_sets)
    if (kernel(name)) return name;
  return "baseline";
}

int64_t state_floats(const cm_configuration *c) { return State::floats(Shape(*c)); }
int64_t scratch_floats(const cm_configuration *c) { return Scratch::floats(Shape(*c)); }

/// Calls `body(weight)` for every parameter in the order of `cm_api.parameters`.
template <typename Body>
void for_each_parameter(const Shape &s, State state, Body body) {
  for (float *branch : {state.x, state.y})
    for (int64_t h = 0; h < s.H; ++h)
      for (int64_t d = 0; d < s.D; ++d) body(branch[(h / kSlice * s.D + d) * kColumn + h % kSlice]);
  for (float *small : {state.bias, state.output})
    for (int64_t h = 0; h < s.H; ++h) body(small[h / kSlice * kColumn + h % kSlice]);
}

void initialise(const cm_configuration *c, float *memory, uint64_t seed, uint64_t index) {
  Shape s(*c);
  memset(memory, 0, sizeof(float) * State::floats(s));
  kr_stream stream = kr_make_stream(seed, CM_PARAMETERS, index);
  const float inner = 1 / sqrtf((float)s.D), outer = 1 / sqrtf((float)s.H);
  const int64_t before_output = 2 * s.H * s.D + s.H;
  uint32_t words[4];
  int64_t n = 0;
  for_each_parameter(s, State(s, memory), [&](float &weight) {
    if (n % 4 == 0) kr_block(&stream, (uint64_t)(n / 4), words);
    weight = (2 * kr_unit(words[n % 4]) - 1) * (n < before_output ? inner : outer);
    ++n;
  });
}

void parameters(const cm_configuration *c, const float *memory, float *out) {
  Shape s(*c);
  for_each_parameter(s, State(s, const_cast<float *>(memory)), [&](float &weight) { *out++ = weight; });
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const cm_api *cm_api_table(void) {
  static const cm_api table = {CM_API_VERSION, state_floats, scratch_floats, initialise,
                               parameters,     kernel,       kernel(best()), best()};
  return &table;
}
