// Gradients of projections' weights against float64, of rows in memory that ends where the last one does. No libtorch.
#include "../../../native/kernels/weight-gradient.h"

#include <cmath>
#include <cstdio>
#include <vector>

#include "matrix.h"

using namespace reasontune;

template <typename T>
bool holds(int64_t rows, int64_t inner, int64_t columns, int64_t gap, int64_t threads) {
  const auto x = matrix<T>(rows, inner, gap, 1), gradient = matrix<T>(rows, columns, gap, 2);
  std::vector<float> out(static_cast<size_t>(columns * inner), NAN);
  weight_gradient<T>({x.values.data(), x.stride, gradient.values.data(), gradient.stride, rows, inner, columns}, threads, out.data());
  bool all = true;
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t i = 0; i < inner; ++i) {
      double sum = 0;
      for (int64_t r = 0; r < rows; ++r) sum += gradient.at(r, c) * x.at(r, i);
      all = all && std::abs(out[c * inner + i] - sum) <= 3e-6 * (1 + std::sqrt(static_cast<double>(rows)));
    }
  }
  return all;
}

template <typename T>
bool all_hold(const char* type) {
  bool all = true;
  // Around what is laid out at once (256 rows), parts (96 to 384), tiles (6 or 12 columns) and panels (two vectors).
  for (const int64_t rows : {0, 1, 2, 255, 256, 257, 600}) {
    for (const auto& [inner, columns] : {std::pair{16, 16}, {48, 112}, {112, 48}, {208, 400}, {400, 96}}) {
      for (const int64_t threads : {1, 2, 64}) {
        const bool right = holds<T>(rows, inner, columns, rows % 3, threads);
        if (!right) std::printf("%d rows of %d and %d, %d threads, %s\n", int(rows), inner, columns, int(threads), type);
        all = all && right;
      }
    }
  }
  return all;
}

int main() {
  const bool float32 = all_hold<float>("float32"), bfloat16 = all_hold<Bfloat16>("bfloat16"), all = float32 && bfloat16;
  if (all) std::printf("weights' gradients hold\n");
  return !all;
}
