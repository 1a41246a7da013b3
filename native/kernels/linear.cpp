#include "linear.h"

#include <algorithm>
#include <cmath>

#include "layout.h"
#include "product.h"
#include "scratch.h"
#include "threads.h"

namespace reasontune {
namespace {

#ifdef __AVX512BF16__
using Product = Bfloat16Product;
#else
using Product = Float32Product;
#endif
using Unit = Product::Unit;
constexpr int64_t kStep = Product::kStep;

// Rows of one task: with them every part of the weight is read this often once it is in the first-level cache.
constexpr int64_t kBlock = 4 * kTileRows;
// Columns that a tile multiplies at once: two registers.
constexpr int64_t kPanel = 2 * kLanes;

/** A weight laid out panel after panel, each [inner / kStep][kPanel]; the last may be half as wide. */
struct Packing {
  const Projection& from;
  Unit* to;

  void operator()(int64_t panel) {
    const int64_t first = panel * kPanel;
    const int64_t width = std::min(kPanel, from.columns - first);
    pack_turned(from.weight + first * from.weight_stride, from.weight_stride, width, from.inner, width,
                to + first * (from.inner / kStep));
  }
};

void pack(const Projection& p, Unit* to) { for_each_task((p.columns + kPanel - 1) / kPanel, Packing{p, to}); }

/** x's rows from `first` on, times the weight: `sums` is called for each tile with its place and its numbers. */
template <typename Tile>
void multiply_block(const Projection& p, const Unit* weight, int64_t first, int64_t rows, Scratch<Unit>& scratch,
                    const Tile& each) {
  const int64_t steps = p.inner / kStep;
  const int64_t padded = round_up(rows, kTileRows);
  Unit* left = scratch.room(padded * steps);
  pack_rows(p.x + first * p.x_stride, p.x_stride, rows, p.inner, left);
  std::fill(left + rows * steps, left + padded * steps, Unit{});
  for (int64_t j = 0; j < p.columns; j += kPanel) {
    const Unit* panel = weight + j * steps;
    for (int64_t i = 0; i < rows; i += kTileRows) each(Left<Unit>{left + i * steps, steps, 1}, panel, steps, i, j);
  }
}

Lanes bias_at(const float* bias, int64_t column) { return bias ? load(bias + column) : Lanes{}; }

/**
 * x · Φ(x), Φ within 2e-5: an odd polynomial of degree 19 (least maximum error) between ∓4.5, beyond which Φ is 0 or 1 to
 * within that.
 */
Lanes gelu(Lanes x) {
  Lanes near = x > 4.5f ? broadcast(4.5f) : x;
  near = near < -4.5f ? broadcast(-4.5f) : near;
  const Lanes t = near * near;
  Lanes p = broadcast(-1.72632473e-12f);
  for (const float c : {2.02243612e-10f, -1.05670869e-08f, 3.27891969e-07f, -6.81372437e-06f, 1.01734053e-04f,
                        -1.14271513e-03f, 9.89177386e-03f, -6.6420680e-02f, 3.98924672e-01f}) {
    p = p * t + c;
  }
  return x * (near * p + 0.5f);
}

template <bool kGelu>
struct Linear {
  const Projection& p;
  const Unit* weight;
  Bfloat16* out;
  Scratch<Unit> left{};

  void operator()(int64_t task) {
    const int64_t first = task * kBlock;
    const int64_t rows = std::min(kBlock, p.rows - first);
    alignas(64) float sums[kTileRows * kPanel];
    multiply_block(p, weight, first, rows, left, [&](Left<Unit> a, const Unit* panel, int64_t steps, int64_t i, int64_t j) {
      const int64_t width = std::min(kPanel, p.columns - j);
      multiply<Product, false>(a, panel, width, kTileRows, width, steps, sums, width);
      for (int64_t r = 0; r < std::min<int64_t>(kTileRows, rows - i); ++r) {
        Bfloat16* to = out + (first + i + r) * p.columns + j;
        for (int64_t c = 0; c < width; c += kLanes) {
          const Lanes value = load(sums + r * width + c) + bias_at(p.bias, j + c);
          store(to + c, kGelu ? gelu(value) : value);
        }
      }
    });
  }
};

struct LinearNorm {
  const Projection& p;
  const Normalization& norm;
  const Unit* weight;
  Bfloat16* out;
  Scratch<Unit> left{};
  Scratch<float> sums{};

  void operator()(int64_t task) {
    const int64_t first = task * kBlock;
    const int64_t rows = std::min(kBlock, p.rows - first);
    const int64_t padded = round_up(rows, kTileRows);
    float* all = sums.room(padded * p.columns);
    multiply_block(p, weight, first, rows, left, [&](Left<Unit> a, const Unit* panel, int64_t steps, int64_t i, int64_t j) {
      const int64_t width = std::min(kPanel, p.columns - j);
      multiply<Product, false>(a, panel, width, kTileRows, width, steps, all + i * p.columns + j, p.columns);
    });
    for (int64_t r = 0; r < rows; ++r) {
      normalize(all + r * p.columns, norm.residual + (first + r) * norm.residual_stride, out + (first + r) * p.columns);
    }
  }

  void normalize(float* row, const Bfloat16* residual, Bfloat16* to) const {
    const float count = static_cast<float>(p.columns);
    Lanes total{};
    for (int64_t c = 0; c < p.columns; c += kLanes) {
      const Lanes value = load(row + c) + bias_at(p.bias, c) + load(residual + c);
      store(row + c, value);
      total += value;
    }
    const float mean = sum(total) / count;
    Lanes squares{};
    for (int64_t c = 0; c < p.columns; c += kLanes) {
      const Lanes apart = load(row + c) - mean;
      squares += apart * apart;
    }
    const float inverse = 1.0f / std::sqrt(sum(squares) / count + norm.eps);
    for (int64_t c = 0; c < p.columns; c += kLanes) {
      store(to + c, (load(row + c) - mean) * inverse * load(norm.gain + c) + bias_at(norm.bias, c));
    }
  }
};

int64_t blocks_of(const Projection& p) { return (p.rows + kBlock - 1) / kBlock; }

// Of the weight's words: float32 where the processor has no product of bfloat16.
Unit* units(uint32_t* words) { return reinterpret_cast<Unit*>(words); }

}  // namespace

int64_t packed_words(const Projection& p) { return p.columns * (p.inner / kStep); }

void linear(const Projection& p, After after, uint32_t* packed, Bfloat16* out) {
  pack(p, units(packed));
  if (after == After::kGelu) for_each_task(blocks_of(p), Linear<true>{p, units(packed), out});
  else for_each_task(blocks_of(p), Linear<false>{p, units(packed), out});
}

void linear_norm(const Projection& p, const Normalization& norm, uint32_t* packed, Bfloat16* out) {
  pack(p, units(packed));
  for_each_task(blocks_of(p), LinearNorm{p, norm, units(packed), out});
}

}  // namespace reasontune
