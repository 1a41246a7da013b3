#include "weight-gradient.h"

#include <algorithm>

#include "layout.h"
#include "product.h"
#include "scratch.h"
#include "threads.h"

namespace reasontune {
namespace {

// Rows whose products are added up in registers before they join the others; of as many, both sides are laid out.
constexpr int64_t kRows = 256;

/** What one task computes of the result: whole tiles and whole vectors. */
struct Part {
  int64_t columns = 384;
  int64_t inner = 384;
};

/** The larger the parts, the less often rows are read, which takes as long as a fifth of the products; each thread has two. */
Part part_of(int64_t columns, int64_t inner, int64_t threads) {
  Part part;
  while (parts_of(columns, part.columns) * parts_of(inner, part.inner) < 2 * threads && part.columns > 96) {
    (part.columns > part.inner ? part.columns : part.inner) /= 2;
  }
  return part;
}

template <typename T>
struct WeightGradient {
  using Product = ProductOf<T>;
  using Unit = typename Product::Unit;

  const ReadAndGradient<T>& from;
  Part part;
  float* out;
  Scratch<Unit> left{}, right{};
  Scratch<float> sums{};

  void operator()(int64_t task) {
    const int64_t across = parts_of(from.inner, part.inner);
    const int64_t column = task / across * part.columns, place = task % across * part.inner;
    const int64_t columns = std::min(part.columns, from.columns - column), width = std::min(part.inner, from.inner - place);
    const int64_t padded = round_up(columns, kTileRows);
    float* sum = sums.zeros(padded * width);
    for (int64_t first = 0; first < from.rows; first += kRows) {
      add(first, std::min(kRows, from.rows - first), column, columns, padded, place, width, sum);
    }
    for (int64_t c = 0; c < columns; ++c) std::copy_n(sum + c * width, width, out + (column + c) * from.inner + place);
  }

  void add(int64_t first, int64_t rows, int64_t column, int64_t columns, int64_t padded, int64_t place, int64_t width,
           float* sum) {
    const int64_t steps = round_up(rows, Product::kStep) / Product::kStep;
    // Room for a last tile that reaches past the last row's columns: its sums are nobody's.
    Unit* gradient = left.room(steps * columns + kTileRows);
    pack_over_rows(from.gradient + first * from.gradient_stride + column, from.gradient_stride, rows, columns, gradient);
    std::fill_n(gradient + steps * columns, kTileRows, Unit{});
    // Row after row, since a row's part lies together, into panels.
    Unit* x = right.room(steps * width);
    for (int64_t r = 0; r < rows; r += Product::kStep) {
      const T* row = from.x + (first + r) * from.x_stride + place;
      for (int64_t w = 0; w < width; w += kPanel) {
        const int64_t panel = std::min(kPanel, width - w);
        pack_over_rows(row + w, from.x_stride, std::min<int64_t>(Product::kStep, rows - r), panel,
                       x + w * steps + r / Product::kStep * panel);
      }
    }
    for (int64_t w = 0; w < width; w += kPanel) {
      const int64_t panel = std::min(kPanel, width - w);
      multiply<Product, true>({gradient, 1, columns}, x + w * steps, panel, padded, panel, steps, sum + w, width);
    }
  }
};

}  // namespace

template <typename T>
void weight_gradient(const ReadAndGradient<T>& from, int64_t threads, float* out) {
  const Part part = part_of(from.columns, from.inner, threads);
  for_each_task(parts_of(from.columns, part.columns) * parts_of(from.inner, part.inner), WeightGradient<T>{from, part, out});
}

template void weight_gradient<float>(const ReadAndGradient<float>&, int64_t, float*);
template void weight_gradient<Bfloat16>(const ReadAndGradient<Bfloat16>&, int64_t, float*);

}  // namespace reasontune
