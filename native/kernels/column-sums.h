#pragma once

#include <cstdint>

#include "lanes.h"

namespace reasontune {

/** sums [columns] = the sum over rows of x [rows, columns], in float32 whatever x is. columns: a multiple of kLanes. */
template <typename T>
void column_sums(const T* x, int64_t stride, int64_t rows, int64_t columns, float* sums);

}  // namespace reasontune
