// Small matrix products out of registers, in two kinds: float32 in steps of one, and bfloat16 in steps of two, which
// AVX-512 multiplies in pairs and adds up in float32. Both read 32-bit units, so that one loop serves both.
#pragma once

#include <type_traits>

#include "lanes.h"

namespace reasontune {

#ifdef __AVX512F__
constexpr int kTileRows = 12;  // 12 × 2 accumulators of 32 registers
#else
constexpr int kTileRows = 6;  // 6 × 2 of 16
#endif

// Columns that a tile multiplies at once: two registers.
constexpr int64_t kPanel = 2 * kLanes;

struct Float32Product {
  using Unit = float;
  static constexpr int kStep = 1;
  static Lanes multiply_add(Lanes sum, float a, Lanes b) { return sum + broadcast(a) * b; }
};

#ifdef __AVX512BF16__
struct Bfloat16Product {
  using Unit = uint32_t;  // values k and k + 1
  static constexpr int kStep = 2;
  static Lanes multiply_add(Lanes sum, uint32_t a, Lanes b) {
    return (Lanes)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(static_cast<int>(a)), (__m512bh)b);
  }
};
#endif

/** The product that values of type T are multiplied by: float32's where the processor has none of bfloat16. */
#ifdef __AVX512BF16__
template <typename T>
using ProductOf = std::conditional_t<std::is_same_v<T, float>, Float32Product, Bfloat16Product>;
#else
template <typename T>
using ProductOf = Float32Product;
#endif

/** Where a product's left side lies: row i, step s at data + i · row + s · step. */
template <typename Unit>
struct Left {
  const Unit* data;
  int64_t row;
  int64_t step;
};

/**
 * Row i's vector j begins as begin(i, j) and, once the products are added up, goes to end(i, j, sum). Inlined always: left to
 * themselves compilers reach what begin and end know through memory, which took a tenth longer.
 */
template <typename Product, int kVectors, typename Begin, typename End>
[[gnu::always_inline]] inline void tile(Left<typename Product::Unit> a, const typename Product::Unit* b, int64_t b_step,
                                        int64_t steps, const Begin& begin, const End& end) {
  Lanes sums[kTileRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) sums[i][j] = begin(i, j);
  }
  // Rows by threes: an address may be a pointer plus nothing, a stride or two, and twelve pointers would be too many for
  // the registers that hold addresses.
  const typename Product::Unit* threes[kTileRows / 3];
#pragma GCC unroll 4
  for (int i = 0; i < kTileRows / 3; ++i) threes[i] = a.data + 3 * i * a.row;
  for (int64_t s = 0; s < steps; ++s) {
    Lanes right[kVectors];
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) std::memcpy(&right[j], b + s * b_step + j * kLanes, sizeof(Lanes));
#pragma GCC unroll 16
    for (int i = 0; i < kTileRows; ++i) {
      const auto left = threes[i / 3][i % 3 * a.row + s * a.step];
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j) sums[i][j] = Product::multiply_add(sums[i][j], left, right[j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kTileRows; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < kVectors; ++j) end(i, j, sums[i][j]);
  }
}

/**
 * a · b, where row i's lanes from column j on begin as begin(i, j) and go out of registers to end(i, j, sum); rows a multiple
 * of kTileRows, columns of kLanes; b [steps, columns].
 */
template <typename Product, typename Begin, typename End>
[[gnu::always_inline]] inline void multiply(Left<typename Product::Unit> a, const typename Product::Unit* b, int64_t b_step,
                                            int64_t rows, int64_t columns, int64_t steps, const Begin& begin,
                                            const End& end) {
  for (int64_t j = 0; j < columns;) {
    const bool pair = j + 2 * kLanes <= columns;
    for (int64_t i = 0; i < rows; i += kTileRows) {
      const Left<typename Product::Unit> from{a.data + i * a.row, a.row, a.step};
      const auto begin_tile = [=](int r, int v) { return begin(i + r, j + v * kLanes); };
      const auto end_tile = [=](int r, int v, Lanes sum) { end(i + r, j + v * kLanes, sum); };
      if (pair) tile<Product, 2>(from, b + j, b_step, steps, begin_tile, end_tile);
      else tile<Product, 1>(from, b + j, b_step, steps, begin_tile, end_tile);
    }
    j += pair ? 2 * kLanes : kLanes;
  }
}

/** A product's beginning where nothing is added to it. */
constexpr auto from_zero = [](int64_t, int64_t) { return Lanes{}; };

/** c [rows, columns] = (or += with kAdd) a · b, rows of c c_row apart. */
template <typename Product, bool kAdd>
inline void multiply(Left<typename Product::Unit> a, const typename Product::Unit* b, int64_t b_step, int64_t rows,
                     int64_t columns, int64_t steps, float* c, int64_t c_row) {
  const auto begin = [=](int64_t i, int64_t j) { return kAdd ? load(c + i * c_row + j) : Lanes{}; };
  const auto end = [=](int64_t i, int64_t j, Lanes sum) { store(c + i * c_row + j, sum); };
  multiply<Product>(a, b, b_step, rows, columns, steps, begin, end);
}

}  // namespace reasontune
