// Vectors of MINE_LANES floats for one instruction set. Everything is explicit about fused multiply-add, so that
// results do not hang on a compiler's contraction rules.
#pragma once

#include <math.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace {

constexpr int kLanes = MINE_LANES;

typedef float Vector __attribute__((vector_size(4 * MINE_LANES)));
typedef int32_t Integers __attribute__((vector_size(4 * MINE_LANES)));
typedef float Loose __attribute__((vector_size(4 * MINE_LANES), aligned(4), may_alias));

inline Vector load(const float *p) { return *reinterpret_cast<const Loose *>(p); }
inline void store(float *p, Vector v) { *reinterpret_cast<Loose *>(p) = v; }
inline Vector splat(float x) {
#if defined(__AVX512F__)
  return (Vector)_mm512_set1_ps(x);
#elif defined(__AVX__)
  return (Vector)_mm256_set1_ps(x);
#else
  return (Vector){x, x, x, x};
#endif
}

/// a * b + c
inline Vector fused(Vector a, Vector b, Vector c) {
#if defined(__AVX512F__)
  return (Vector)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
  return (Vector)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__ARM_NEON)
  return (Vector)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}
inline Vector fused(Vector a, float b, Vector c) { return fused(a, splat(b), c); }

inline Vector square_root(Vector v) {
#if defined(__AVX512F__)
  return (Vector)_mm512_maskz_sqrt_ps(0xFFFF, (__m512)v);  // unlike the unmasked one, no false warning of GCC 12
#elif defined(__AVX__)
  return (Vector)_mm256_sqrt_ps((__m256)v);
#elif defined(__SSE2__)
  return (Vector)_mm_sqrt_ps((__m128)v);
#elif defined(__aarch64__)
  return (Vector)vsqrtq_f32((float32x4_t)v);
#else
  for (int i = 0; i < kLanes; ++i) v[i] = sqrtf(v[i]);
  return v;
#endif
}

/// max(x, 0); NaN stays NaN.
inline Vector relu(Vector x) { return x < 0 ? Vector{} : x; }

/// The sum of 16 floats by halves: the same tree for every width.
inline float sum16(const float *p) {
  float half[8];
  for (int i = 0; i < 8; ++i) half[i] = p[i] + p[i + 8];
  for (int i = 0; i < 4; ++i) half[i] += half[i + 4];
  return (half[0] + half[2]) + (half[1] + half[3]);
}

/// exp(x) for x <= 0 to about 1 ulp (Cephes' expf: reduction by ln 2 in two parts, polynomial of degree 6);
/// 0 below the smallest normal result, NaN for NaN.
inline Vector exponential(Vector x) {
  Vector bounded = x < -87.0f ? splat(-87.0f) : x;
  // Adding and subtracting 1.5 * 2^23 rounds to the nearest integer; the low bits of the sum hold that integer.
  Vector shifted = fused(bounded, 1.44269504088896341f, splat(12582912.0f));
  Vector n = shifted - 12582912.0f;
  Vector r = fused(n, -0.693359375f, bounded);
  r = fused(n, 2.12194440e-4f, r);
  Vector p = splat(1.9875691500e-4f);
  p = fused(p, r, splat(1.3981999507e-3f));
  p = fused(p, r, splat(8.3334519073e-3f));
  p = fused(p, r, splat(4.1665795894e-2f));
  p = fused(p, r, splat(1.6666665459e-1f));
  p = fused(p, r, splat(5.0000001201e-1f));
  p = fused(p, r * r, r + 1.0f);
  Integers power = ((Integers)shifted - (Integers)splat(12582912.0f) + 127) << 23;
  return x < -87.0f ? Vector{} : p * (Vector)power;
}

}  // namespace
