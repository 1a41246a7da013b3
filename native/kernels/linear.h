#pragma once

#include <cstdint>

#include "lanes.h"

namespace reasontune {

/** x [rows, inner] · weightᵀ + bias [columns], if any, where weight is [columns, inner]. Both multiples of kLanes. */
struct Projection {
  const Bfloat16* x;
  int64_t x_stride;
  int64_t rows;
  int64_t inner;
  const Bfloat16* weight;
  int64_t weight_stride;
  int64_t columns;
  const float* bias;
};

/** What comes after a projection in the same pass: nothing, or GELU (of the error function, within 2e-5 · |x|). */
enum class After { kNothing, kGelu };

/** Layer normalization of each row (Ba et al. 2016) of a projection and what is added to it, [rows, columns] as it. */
struct Normalization {
  const Bfloat16* residual;
  int64_t residual_stride;
  const float* gain;
  const float* bias;
  float eps;
};

/** 32-bit words of scratch memory that a projection's weight is laid out in. */
int64_t packed_words(const Projection& projection);

/** out [rows, columns], rounded once, from float32. `packed` as `packed_words` says. */
void linear(const Projection& projection, After after, uint32_t* packed, Bfloat16* out);
void linear_norm(const Projection& projection, const Normalization& norm, uint32_t* packed, Bfloat16* out);

}  // namespace reasontune
