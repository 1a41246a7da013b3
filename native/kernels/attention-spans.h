// What attention's two passes share: which keys a block of queries sees, and which tokens a task has.
#pragma once

#include <algorithm>

#include "attention.h"

namespace reasontune {

/** Keys that some query of a block sees, as columns rounded outwards to whole vectors. */
struct Span {
  int64_t begin;
  int64_t end;
  int64_t columns() const { return end - begin; }
};

/** One sequence's tokens and one key head. */
struct Task {
  int64_t start;
  int64_t length;
  int64_t kv_head;
};

inline int64_t first_seen(const AttentionShape& shape, int64_t i) {
  return shape.left < 0 ? 0 : std::max<int64_t>(0, i - shape.left);
}
inline int64_t last_seen(const AttentionShape& shape, int64_t i, int64_t length) {
  return shape.right < 0 ? length - 1 : std::min(length - 1, i + shape.right);
}

inline Span span_of(const AttentionShape& shape, int64_t begin, int64_t rows, int64_t length) {
  const int64_t first = first_seen(shape, begin);
  const int64_t last = last_seen(shape, begin + rows - 1, length);
  return {first / kLanes * kLanes, round_up(last + 1, kLanes)};
}

/** Sets what row i may not see to value, in the columns of span. */
inline void mask_row(const AttentionShape& shape, int64_t i, int64_t length, Span span, float value, float* row) {
  const int64_t first = first_seen(shape, i);
  const int64_t last = last_seen(shape, i, length);
  std::fill(row, row + std::max<int64_t>(0, first - span.begin), value);
  std::fill(row + (last + 1 - span.begin), row + span.columns(), value);
}

inline Task task_of(const AttentionShape& shape, int64_t index) {
  const int64_t sequence = index / shape.kv_heads;
  const int64_t start = shape.offsets[sequence];
  return {start, shape.offsets[sequence + 1] - start, index % shape.kv_heads};
}

}  // namespace reasontune
