// Rows of numbers by chance between −1 and 1, in memory that ends where the last row does.
#pragma once

#include <random>
#include <vector>

#include "../../../native/kernels/layout.h"

template <typename T>
struct Matrix {
  std::vector<T> values;
  int64_t stride;
  double at(int64_t r, int64_t c) const { return reasontune::to_float(values[r * stride + c]); }
};

template <typename T>
Matrix<T> matrix(int64_t rows, int64_t columns, int64_t gap, unsigned seed) {
  Matrix<T> made{std::vector<T>(static_cast<size_t>(rows == 0 ? 0 : (rows - 1) * (columns + gap) + columns)), columns + gap};
  std::mt19937 random(seed);
  for (auto& value : made.values) value = reasontune::as(T{}, random() / 2147483648.0f - 1);
  return made;
}
