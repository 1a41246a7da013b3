#pragma once

#include <cstdint>

#include "lanes.h"

namespace reasontune {

/** Two matrices of the same rows: what a projection read, [rows, inner], and its result's gradient, [rows, columns]. */
template <typename T>
struct ReadAndGradient {
  const T* x;
  int64_t x_stride;
  const T* gradient;
  int64_t gradient_stride;
  int64_t rows;
  int64_t inner;    // a multiple of kLanes
  int64_t columns;  // as well
};

/** The projection's weight's gradient, gradientᵀ · x [columns, inner], added up in float32; `threads` are to share it. */
template <typename T>
void weight_gradient(const ReadAndGradient<T>&, int64_t threads, float* out);

}  // namespace reasontune
