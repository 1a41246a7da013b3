#pragma once

#include <cstdint>

#include "lanes.h"

namespace reasontune {

/**
 * x [rows, inner] · weightᵀ + bias [columns], if any, where weight is [columns, inner], of float32 or Bfloat16. inner and
 * columns are multiples of kLanes.
 */
template <typename T>
struct Projection {
  const T* x;
  int64_t x_stride;
  int64_t rows;
  int64_t inner;
  const T* weight;
  int64_t weight_stride;
  bool weight_turned;  // it lies as [inner, columns]
  int64_t columns;
  const float* bias;
};

/** What comes after a projection in the same pass: nothing, or GELU (of the error function, before it is rounded). */
enum class After { kNothing, kGelu };

/** Layer normalization of each row (Ba et al. 2016) of a projection and what is added to it, [rows, columns] as it. */
template <typename T>
struct Normalization {
  const T* residual;
  int64_t residual_stride;
  const float* gain;
  const float* bias;
  float eps;
};

/** 32-bit words of scratch memory that a projection's weight is laid out in. */
template <typename T>
int64_t packed_words(const Projection<T>&);

/** out [rows, columns], rounded once, from float32. `packed` as `packed_words` says. */
template <typename T>
void linear(const Projection<T>&, After, uint32_t* packed, T* out);
template <typename T>
void linear_norm(const Projection<T>&, const Normalization<T>&, uint32_t* packed, T* out);

}  // namespace reasontune
