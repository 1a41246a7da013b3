#include "linear.h"

#include <algorithm>
#include <cmath>

#include "layout.h"
#include "product.h"
#include "scratch.h"
#include "threads.h"

namespace reasontune {
namespace {

// Rows of one task: with them every part of the weight is read this often once it is in the first-level cache.
constexpr int64_t kBlock = 4 * kTileRows;
// Of the cache, in units.
constexpr int64_t kLine = 16;

template <typename T>
using UnitOf = typename ProductOf<T>::Unit;

/** A weight laid out panel after panel, each [inner / step][kPanel]; the last may be half as wide. */
template <typename T>
struct Packing {
  const Projection<T>& from;
  UnitOf<T>* to;

  void operator()(int64_t panel) {
    const int64_t first = panel * kPanel;
    const int64_t width = std::min(kPanel, from.columns - first);
    UnitOf<T>* to_panel = to + first * (from.inner / ProductOf<T>::kStep);
    if (from.weight_turned) pack_over_rows(from.weight + first, from.weight_stride, from.inner, width, to_panel);
    else pack_turned(from.weight + first * from.weight_stride, from.weight_stride, width, from.inner, width, to_panel);
  }
};

template <typename T>
void pack(const Projection<T>& p, UnitOf<T>* to) {
  // A weight of no numbers may have no memory.
  if (p.inner > 0) for_each_task(parts_of(p.columns, kPanel), Packing<T>{p, to});
}

Lanes bias_at(const float* bias, int64_t column) { return bias ? load(bias + column) : Lanes{}; }

/** Bias plus x's rows from `first` on, times the weight: of the i-th of them, lanes from column j on go to to(i, j, sum). */
template <typename T, typename To>
void multiply_block(const Projection<T>& p, const UnitOf<T>* weight, int64_t first, int64_t rows, Scratch<UnitOf<T>>& scratch,
                    const To& to) {
  const int64_t steps = p.inner / ProductOf<T>::kStep;
  const int64_t padded = round_up(rows, kTileRows);
  // An odd number of lines apart: a tile's rows would share few places of the first-level cache at a power of two.
  const int64_t row = round_up(steps, 2 * kLine) + kLine;
  UnitOf<T>* left = scratch.room(padded * row);
  pack_rows(p.x + first * p.x_stride, p.x_stride, rows, p.inner, left, row);
  std::fill(left + rows * row, left + padded * row, UnitOf<T>{});
  const float* bias = p.bias;
  for (int64_t panel = 0; panel < p.columns; panel += kPanel) {
    const int64_t width = std::min(kPanel, p.columns - panel);
    const auto begin = [=](int64_t, int64_t j) { return bias_at(bias, panel + j); };
    const auto end = [=](int64_t i, int64_t j, Lanes sum) {
      if (i < rows) to(i, panel + j, sum);
    };
    multiply<ProductOf<T>>({left, row, 1}, weight + panel * steps, width, padded, width, steps, begin, end);
  }
}

/**
 * x · Φ(x), Φ within 2e-5: an odd polynomial of degree 19 (least maximum error) between ∓4.5, beyond which Φ is 0 or 1 to
 * within that.
 */
Lanes rough_gelu(Lanes x) {
  const Lanes near = larger(broadcast(-4.5f), smaller(broadcast(4.5f), x));
  const Lanes t = near * near;
  Lanes p = broadcast(-1.72632473e-12f);
  for (const float c : {2.02243612e-10f, -1.05670869e-08f, 3.27891969e-07f, -6.81372437e-06f, 1.01734053e-04f,
                        -1.14271513e-03f, 9.89177386e-03f, -6.6420680e-02f, 3.98924672e-01f}) {
    p = p * t + c;
  }
  return x * (near * p + 0.5f);
}

/**
 * The same within 2e-7 · |x|: of the error function's complement by 7.1.26 of Abramowitz and Stegun's Handbook of
 * Mathematical Functions.
 */
Lanes exact_gelu(Lanes x) {
  const Lanes z = larger(x, -x) * 0.70710678f;
  const Lanes t = 1.0f / (1.0f + 0.3275911f * z);
  Lanes p = broadcast(1.061405429f);
  for (const float c : {-1.453152027f, 1.421413741f, -0.284496736f, 0.254829592f}) p = p * t + c;
  const Lanes tail = x * (0.5f * p * t * exponential(-z * z));
  return x < 0.0f ? tail : x - tail;
}

Lanes gelu(Lanes x, float) { return exact_gelu(x); }
Lanes gelu(Lanes x, Bfloat16) { return rough_gelu(x); }

template <typename T, bool kGelu>
struct Linear {
  const Projection<T>& p;
  const UnitOf<T>* weight;
  T* out;
  Scratch<UnitOf<T>> left{};

  void operator()(int64_t task) {
    const int64_t first = task * kBlock;
    const int64_t rows = std::min(kBlock, p.rows - first);
    T* block = out + first * p.columns;
    const int64_t columns = p.columns;
    multiply_block(p, weight, first, rows, left, [=](int64_t i, int64_t j, Lanes sum) {
      store(block + i * columns + j, kGelu ? gelu(sum, T{}) : sum);
    });
  }
};

template <typename T>
struct LinearNorm {
  const Projection<T>& p;
  const Normalization<T>& norm;
  const UnitOf<T>* weight;
  T* out;
  Scratch<UnitOf<T>> left{};
  Scratch<float> sums{};

  void operator()(int64_t task) {
    const int64_t first = task * kBlock;
    const int64_t rows = std::min(kBlock, p.rows - first);
    const int64_t columns = p.columns;
    float* all = sums.room(rows * columns);
    multiply_block(p, weight, first, rows, left,
                   [=](int64_t i, int64_t j, Lanes sum) { store(all + i * columns + j, sum); });
    for (int64_t r = 0; r < rows; ++r) {
      normalize(all + r * p.columns, norm.residual + (first + r) * norm.residual_stride, out + (first + r) * p.columns);
    }
  }

  void normalize(float* row, const T* residual, T* to) const {
    const float count = static_cast<float>(p.columns);
    Lanes total{};
    for (int64_t c = 0; c < p.columns; c += kLanes) {
      const Lanes value = load(row + c) + load(residual + c);
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

}  // namespace

template <typename T>
int64_t packed_words(const Projection<T>& p) {
  return p.columns * (p.inner / ProductOf<T>::kStep);
}

template <typename T>
void linear(const Projection<T>& p, After after, uint32_t* packed, T* out) {
  auto* weight = reinterpret_cast<UnitOf<T>*>(packed);
  pack(p, weight);
  if (after == After::kGelu) for_each_task(parts_of(p.rows, kBlock), Linear<T, true>{p, weight, out});
  else for_each_task(parts_of(p.rows, kBlock), Linear<T, false>{p, weight, out});
}

template <typename T>
void linear_norm(const Projection<T>& p, const Normalization<T>& norm, uint32_t* packed, T* out) {
  auto* weight = reinterpret_cast<UnitOf<T>*>(packed);
  pack(p, weight);
  for_each_task(parts_of(p.rows, kBlock), LinearNorm<T>{p, norm, weight, out});
}

#define REASONTUNE_LINEAR(T)                                                    \
  template int64_t packed_words<T>(const Projection<T>&);                       \
  template void linear<T>(const Projection<T>&, After, uint32_t*, T*);          \
  template void linear_norm<T>(const Projection<T>&, const Normalization<T>&, uint32_t*, T*);
REASONTUNE_LINEAR(float)
REASONTUNE_LINEAR(Bfloat16)

}  // namespace reasontune
