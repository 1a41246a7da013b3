// How rows of a tensor are laid out for a product (product.h): as its left side, as its right side, or turned.
#pragma once

#include <algorithm>
#include <type_traits>

#include "product.h"

namespace reasontune {

inline Bfloat16 narrow(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return {static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

inline float as(float, float value) { return value; }
inline Bfloat16 as(Bfloat16, float value) { return narrow(value); }
inline Bfloat16 as(Bfloat16, Bfloat16 value) { return value; }
inline float as(float, Bfloat16 value) { return to_float(value); }

inline uint32_t pair(Bfloat16 low, Bfloat16 high) { return low.bits | (static_cast<uint32_t>(high.bits) << 16); }

/** The 16 bits of as many bfloat16, each in the lower half of its lane. */
inline Words halves_of(const float* from) { return rounded(load(from)); }
inline Words halves_of(const Bfloat16* from) {
  Halves halves;
  std::memcpy(&halves, from, sizeof halves);
  return __builtin_convertvector(halves, Words);
}

/** Left side: to [rows][width / step], each row's own values one after another, the rows `apart`. */
template <typename Unit, typename T>
void pack_rows(const T* from, int64_t stride, int64_t rows, int64_t width, Unit* to, int64_t apart) {
  using Value = std::conditional_t<std::is_same_v<Unit, float>, float, Bfloat16>;
  for (int64_t r = 0; r < rows; ++r) {
    auto* row = reinterpret_cast<Value*>(to + r * apart);
    if constexpr (std::is_same_v<T, Value>) std::copy_n(from + r * stride, width, row);
    else for (int64_t w = 0; w < width; w += kLanes) store(row + w, load(from + r * stride + w));
  }
}

/** Right side over rows: to [⌈rows / step⌉][width]; a pair is two rows' values of one column, the last row's partner 0. */
template <typename T>
void pack_over_rows(const T* from, int64_t stride, int64_t rows, int64_t width, float* to) {
  pack_rows(from, stride, rows, width, to, width);
}
template <typename T>
void pack_over_rows(const T* from, int64_t stride, int64_t rows, int64_t width, uint32_t* to) {
  for (int64_t r = 0; r < rows; r += 2) {
    uint32_t* row = to + (r / 2) * width;
    for (int64_t w = 0; w < width; w += kLanes) {
      const Words low = halves_of(from + r * stride + w);
      const Words high = r + 1 < rows ? halves_of(from + (r + 1) * stride + w) << 16 : Words{};
      const Words both = low | high;
      std::memcpy(row + w, &both, sizeof both);
    }
  }
}

/** One round of turn_square: squares of kHalf change places across the diagonal of each square of twice that. */
template <int kHalf, int... kLane>
void turn_halves(Words (&rows)[kLanes], std::integer_sequence<int, kLane...>) {
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) {
    if (i & kHalf) continue;
    const Words above = rows[i];
    const Words below = rows[i + kHalf];
    rows[i] = lanes_of<(kLane & kHalf ? kLanes + kLane - kHalf : kLane)...>(above, below);
    rows[i + kHalf] = lanes_of<(kLane & kHalf ? kLanes + kLane : kLane + kHalf)...>(above, below);
  }
}

/** Row i's lane j becomes row j's lane i (Eklundh 1972). */
template <int kHalf = kLanes / 2>
void turn_square(Words (&rows)[kLanes]) {
  turn_halves<kHalf>(rows, std::make_integer_sequence<int, kLanes>{});
  if constexpr (kHalf > 1) turn_square<kHalf / 2>(rows);
}

inline float unit_at(const float* from, float) { return *from; }
inline float unit_at(const Bfloat16* from, float) { return to_float(*from); }
inline uint32_t unit_at(const Bfloat16* from, uint32_t) { return pair(from[0], from[1]); }

template <typename T>
Words units_at(const T* from, float) {
  return (Words)load(from);
}
inline Words units_at(const Bfloat16* from, uint32_t) {
  Words pairs;
  std::memcpy(&pairs, from, sizeof pairs);
  return pairs;
}

/**
 * Right side over columns, the rows turned into lanes: to [width / step][lanes], with zeros for rows up to the next
 * multiple of kLanes.
 */
template <typename T, typename Unit>
void pack_turned(const T* from, int64_t stride, int64_t rows, int64_t width, int64_t lanes, Unit* to) {
  constexpr int64_t step = std::is_same_v<Unit, float> ? 1 : 2;
  const int64_t units = width / step;
  for (int64_t r = 0; r < rows; r += kLanes) {
    const int64_t height = std::min<int64_t>(kLanes, rows - r);
    int64_t u = 0;
    for (; u + kLanes <= units; u += kLanes) {
      Words square[kLanes];
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        square[i] = i < height ? units_at(from + (r + i) * stride + u * step, Unit{}) : Words{};
      }
      turn_square(square);
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) std::memcpy(to + (u + i) * lanes + r, &square[i], sizeof square[i]);
    }
    for (; u < units; ++u) {
      for (int i = 0; i < kLanes; ++i) {
        to[u * lanes + r + i] = i < height ? unit_at(from + (r + i) * stride + u * step, Unit{}) : Unit{};
      }
    }
  }
}

/** Float rows [rows][columns] as a left side over columns: to [rows][columns / step]. In place for float32. */
inline void left_over_columns(float*, int64_t, int64_t, float*) {}
inline void left_over_columns(float* from, int64_t rows, int64_t columns, uint32_t* to) {
  pack_rows(from, columns, rows, columns, to, columns / 2);
}

}  // namespace reasontune
