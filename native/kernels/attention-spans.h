// What attention's two passes share: how they go over tokens, and which keys a block of queries sees.
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

/** Queries of one head that are taken at once. */
struct Block {
  int64_t head;
  int64_t begin;  // of the sequence's tokens
  int64_t first;  // of all tokens
  int64_t rows;
  Span span;
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

/** Where a task's tokens begin in rows of keys or values. */
template <typename T>
T* rows_of(Rows<T> all, const Task& task, int64_t width) {
  return all.data + task.start * all.stride + task.kv_head * width;
}

/** Where a block's queries begin in rows of queries or of what belongs to them. */
template <typename T>
T* rows_of(Rows<T> all, const Block& block, int64_t width) {
  return all.data + block.first * all.stride + block.head * width;
}

/** Calls run(block) with a task's queries, `size` at once, head after head of those that share its key head. */
template <typename Run>
void for_each_block(const AttentionShape& shape, const Task& task, int64_t size, const Run& run) {
  const int64_t group = shape.heads / shape.kv_heads;
  for (int64_t head = task.kv_head * group; head < (task.kv_head + 1) * group; ++head) {
    for (int64_t begin = 0; begin < task.length; begin += size) {
      const int64_t rows = std::min(size, task.length - begin);
      run(Block{head, begin, task.start + begin, rows, span_of(shape, begin, rows, task.length)});
    }
  }
}

}  // namespace reasontune
