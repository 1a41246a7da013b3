#pragma once

#include <cstdint>

#include "lanes.h"

namespace reasontune {

/** Sequences packed one after another; every token sees tokens of its own sequence, those within the window. */
struct AttentionShape {
  const int32_t* offsets;  // [sequences + 1]
  int64_t sequences;
  int64_t heads;
  int64_t kv_heads;  // divides heads: query heads h·heads/kv_heads … share key head h
  int64_t width;     // of a head, a multiple of kLanes
  float scale;
  // Token i sees tokens i − left … i + right of its sequence; negative: all on that side.
  int64_t left;
  int64_t right;
};

/** Rows of a packed tensor: token t, head h begins at data + t · stride + h · width. */
template <typename T>
struct Rows {
  T* data;
  int64_t stride;
};

/**
 * Softmax attention (Vaswani et al. 2017). log_sums [heads, tokens] receives each row's log of the sum of exponentials,
 * which the backward pass reads.
 */
template <typename T>
void attention_forward(const AttentionShape&, Rows<const T> q, Rows<const T> k, Rows<const T> v, Rows<T> out,
                       float* log_sums);

/** Its gradients; the scores are computed anew from log_sums, as in FlashAttention (Dao et al. 2022). */
template <typename T>
void attention_backward(const AttentionShape&, Rows<const T> d_out, Rows<const T> q, Rows<const T> k, Rows<const T> v,
                        Rows<const T> out, const float* log_sums, Rows<T> dq, Rows<T> dk, Rows<T> dv);

}  // namespace reasontune
