// Column sums against sums in float64, of rows in memory that ends where the last one does. No libtorch.
#include "../../../native/kernels/column-sums.h"

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "../../../native/kernels/layout.h"

using namespace reasontune;

template <typename T>
bool holds(int64_t rows, int64_t columns, int64_t gap) {
  const int64_t stride = columns + gap;
  std::vector<T> x(static_cast<size_t>(rows == 0 ? 0 : (rows - 1) * stride + columns));
  std::mt19937 random(static_cast<unsigned>(rows));
  for (auto& value : x) value = as(T{}, random() / 2147483648.0f - 1);
  std::vector<float> sums(static_cast<size_t>(columns), NAN);
  column_sums<T>(x.data(), stride, rows, columns, sums.data());
  for (int64_t c = 0; c < columns; ++c) {
    double sum = 0;
    for (int64_t r = 0; r < rows; ++r) sum += to_float(x[r * stride + c]);
    if (!(std::abs(sums[c] - sum) <= 1e-5 * std::sqrt(rows + 1.0))) return false;
  }
  return true;
}

int main() {
  bool all = true;
  // Around the 512 rows of a task.
  for (const int64_t rows : {0, 1, 2, 511, 512, 513, 1500}) {
    for (const int64_t vectors : {0, 1, 2, 5}) {
      for (const int64_t gap : {0, 1, 7}) {
        const int64_t columns = vectors * kLanes;
        const bool right = holds<float>(rows, columns, gap) && holds<Bfloat16>(rows, columns, gap);
        if (!right) std::printf("%d rows of %d, %d apart\n", int(rows), int(columns), int(gap));
        all = all && right;
      }
    }
  }
  if (all) std::printf("column sums hold\n");
  return !all;
}
