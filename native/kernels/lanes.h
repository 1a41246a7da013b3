// Vectors of as many float32 as the compiling machine has in a register, and what the kernels do with them. Written in
// the compilers' own vector types: the same source becomes AVX-512, AVX2 or NEON.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

namespace reasontune {

#ifdef __AVX512F__
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

/** Whether the compiling machine multiplies bfloat16, in pairs that it adds up in float32. */
#ifdef __AVX512BF16__
constexpr bool kPairs = true;
#else
constexpr bool kPairs = false;
#endif

typedef float Lanes __attribute__((vector_size(4 * kLanes)));
typedef uint32_t Words __attribute__((vector_size(4 * kLanes)));
typedef uint16_t Halves __attribute__((vector_size(2 * kLanes)));

inline int64_t parts_of(int64_t n, int64_t size) { return (n + size - 1) / size; }
inline int64_t round_up(int64_t n, int64_t to) { return parts_of(n, to) * to; }

/** A bfloat16: the upper half of a float32. */
struct Bfloat16 {
  uint16_t bits;
};

// Minus nothing, which is the value itself: plus nothing is not, of −0, and would be added for it.
inline Lanes broadcast(float value) { return value - Lanes{}; }

inline Lanes load(const float* from) {
  Lanes out;
  std::memcpy(&out, from, sizeof out);
  return out;
}

inline void store(float* to, Lanes value) { std::memcpy(to, &value, sizeof value); }

inline Lanes load(const Bfloat16* from) {
  Halves halves;
  std::memcpy(&halves, from, sizeof halves);
  return (Lanes)(__builtin_convertvector(halves, Words) << 16);
}

/** Rounds to the nearest bfloat16, ties to even; the 16 bits stand in the lower half of each lane. */
inline Words rounded(Lanes value) {
  const Words bits = (Words)value;
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

inline void store(Bfloat16* to, Lanes value) {
#ifdef __AVX512BF16__
  const __m256bh halves = _mm512_cvtneps_pbh((__m512)value);
#else
  const Halves halves = __builtin_convertvector(rounded(value), Halves);
#endif
  std::memcpy(to, &halves, 2 * kLanes);
}

inline float to_float(float value) { return value; }
inline float to_float(Bfloat16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float out;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}

// The second where one is not a number.
inline Lanes larger(Lanes a, Lanes b) { return a > b ? a : b; }
inline Lanes smaller(Lanes a, Lanes b) { return a < b ? a : b; }

/** a's lanes, or from kLanes on b's, of these places. */
template <int... kPlaces, typename Vector>
Vector lanes_of(Vector a, Vector b) {
#ifdef __clang__
  return __builtin_shufflevector(a, b, kPlaces...);
#else
  return __builtin_shuffle(a, b, Words{kPlaces...});
#endif
}

/** A vector's lanes taken together by twos: each with the one that stands kBy after it, then half of that. */
template <int kBy = kLanes / 2, typename Take, int... kLane>
float folded(Lanes value, const Take& take, std::integer_sequence<int, kLane...> lanes) {
  const Lanes both = take(value, lanes_of<(kLane + kBy) % kLanes...>(value, value));
  if constexpr (kBy > 1) return folded<kBy / 2>(both, take, lanes);
  else return both[0];
}

inline float sum(Lanes value) {
  return folded(value, [](Lanes a, Lanes b) { return a + b; }, std::make_integer_sequence<int, kLanes>{});
}

inline float largest(Lanes value) { return folded(value, larger, std::make_integer_sequence<int, kLanes>{}); }

/**
 * e^x within 2e-7 relative, for x up to 88; 0 below −88, NaN of NaN. Cody and Waite's reduction with Cephes' polynomial
 * (expf).
 */
inline Lanes exponential(Lanes x) {
  // 1.5 · 2^23 and the exponent's bias: adding them rounds to an integer, whose biased exponent is the lowest bits.
  const Lanes magic = broadcast(12582912.0f + 127.0f);
  const Lanes inside = larger(broadcast(-88.0f), x);
  const Lanes shifted = inside * 1.44269504088896341f + magic;
  const Lanes n = shifted - magic;
  const Lanes r = inside - n * 0.693359375f - n * -2.12194440e-4f;
  Lanes p = broadcast(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  return p * (Lanes)((Words)shifted << 23);
}

/** The same within 3e-6 relative, by a polynomial of degree 4 (least maximum error) for the power of two's fraction. */
inline Lanes rough_exponential(Lanes x) {
  const Lanes magic = broadcast(12582912.0f + 127.0f);
  const Lanes inside = larger(broadcast(-88.0f), x);
  const Lanes shifted = inside * 1.44269504f + magic;
  const Lanes r = inside * 1.44269504f - (shifted - magic);
  Lanes p = broadcast(0.0095701f);
  for (const float c : {0.05591786f, 0.24024745f, 0.69312181f, 0.99999926f}) p = p * r + c;
  return p * (Lanes)((Words)shifted << 23);
}

inline Lanes exponential(Lanes x, float) { return exponential(x); }
inline Lanes exponential(Lanes x, Bfloat16) { return rough_exponential(x); }

}  // namespace reasontune
