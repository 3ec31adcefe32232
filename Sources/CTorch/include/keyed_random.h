// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011). A stream is keyed by (run seed, purpose, index); its n-th block of four words is a pure function of
// the key and n, so a sample draws the same numbers in any batch, shard, order or thread.
// Header-only, so that Swift and the native kernels share this one implementation.
#pragma once

#include <math.h>
#include <stdint.h>

typedef struct kr_stream {
  uint32_t key[2];
  uint64_t index;
} kr_stream;

/// SplitMix64's finaliser: spreads the seed and the purpose over the 64 key bits.
static inline uint64_t kr_mix(uint64_t z) {
  z += 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

static inline kr_stream kr_make_stream(uint64_t seed, uint32_t purpose, uint64_t index) {
  uint64_t k = kr_mix(seed ^ kr_mix(purpose));
  kr_stream s;
  s.key[0] = (uint32_t)k;
  s.key[1] = (uint32_t)(k >> 32);
  s.index = index;
  return s;
}

/// Four 32-bit words: block `position` of the stream.
static inline void kr_block(const kr_stream *s, uint64_t position, uint32_t out[4]) {
  uint32_t c0 = (uint32_t)position, c1 = (uint32_t)(position >> 32);
  uint32_t c2 = (uint32_t)s->index, c3 = (uint32_t)(s->index >> 32);
  uint32_t k0 = s->key[0], k1 = s->key[1];
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/// Uniform in [0, 1) with 24 bits.
static inline float kr_unit(uint32_t word) { return (float)(word >> 8) * 0x1p-24f; }

/// `count` uniforms in [0, 1), from block `position` on.
static inline void kr_fill_uniform(const kr_stream *s, uint64_t position, float *out, int64_t count) {
  uint32_t w[4];
  for (int64_t i = 0; i < count; ++i) {
    if (i % 4 == 0) kr_block(s, position + (uint64_t)(i / 4), w);
    out[i] = kr_unit(w[i % 4]);
  }
}

/// `count` standard normals by Box-Muller (in double, rounded once), from block `position` on.
static inline void kr_fill_normal(const kr_stream *s, uint64_t position, float *out, int64_t count) {
  uint32_t w[4];
  double n[4];
  for (int64_t i = 0; i < count; ++i) {
    if (i % 4 == 0) {
      kr_block(s, position + (uint64_t)(i / 4), w);
      for (int j = 0; j < 4; j += 2) {
        // (w + 0.5) / 2^32 lies in (0, 1): the logarithm is finite.
        double r = sqrt(-2.0 * log(((double)w[j] + 0.5) * 0x1p-32));
        double a = 6.283185307179586476925 * (((double)w[j + 1] + 0.5) * 0x1p-32);
        n[j] = r * cos(a);
        n[j + 1] = r * sin(a);
      }
    }
    out[i] = (float)n[i % 4];
  }
}

/// A permutation of 0..<count by Fisher-Yates, from block `position` on; uses (count + 3) / 4 blocks.
static inline void kr_permutation(const kr_stream *s, uint64_t position, int32_t *out, int32_t count) {
  uint32_t w[4];
  for (int32_t i = 0; i < count; ++i) {
    if (i % 4 == 0) kr_block(s, position + (uint64_t)(i / 4), w);
    int32_t j = (int32_t)(((uint64_t)w[i % 4] * (uint64_t)(i + 1)) >> 32);
    out[i] = out[j];
    out[j] = i;
  }
}
