#include <limits>

#include "attention-spans.h"
#include "layout.h"
#include "product.h"
#include "scratch.h"
#include "threads.h"

namespace reasontune {
namespace {

// Queries taken at once: their scores against a sequence of 512 stay in the second-level cache, and the keys' sums are read
// and written the less often the more they are.
constexpr int64_t kBlock = 4 * kTileRows;

template <typename T>
struct Backward {
  using Product = ProductOf<T>;
  using Unit = typename Product::Unit;
  static constexpr int64_t step = Product::kStep;

  AttentionShape shape;
  Rows<const T> d_out, q, k, v, out;
  const float* log_sums;
  Rows<T> dq, dk, dv;
  Scratch<Unit> turned_keys{}, turned_values{}, key_rows{}, queries{}, d_outs{}, query_rows{}, d_out_rows{}, weights{},
      d_scores{}, d_score_rows{};
  Scratch<float> scores{}, d_weights{}, key_sums{}, value_sums{};

  void operator()(int64_t index) {
    const Task task = task_of(shape, index);
    const int64_t width = shape.width;
    const int64_t columns = round_up(task.length, kLanes);
    const T* k_rows = rows_of(k, task, width);
    pack_turned(k_rows, k.stride, task.length, width, columns, turned_keys.room(width / step * columns));
    pack_turned(rows_of(v, task, width), v.stride, task.length, width, columns, turned_values.room(width / step * columns));
    pack_over_rows(k_rows, k.stride, task.length, width, key_rows.zeros(columns / step * width));
    // Rows of the last tile may lie past the sequence: they come out as zeros that nobody reads.
    const int64_t padded = columns + kTileRows;
    key_sums.zeros(padded * width);
    value_sums.zeros(padded * width);
    for_each_block(shape, task, kBlock, [&](const Block& block) { differentiate(task, block, columns); });
    write(task, key_sums.held.data(), dk);
    write(task, value_sums.held.data(), dv);
  }

  void write(Task task, const float* sums, Rows<T> to) const {
    const int64_t width = shape.width;
    for (int64_t i = 0; i < task.length; ++i) {
      T* row = rows_of(to, task, width) + i * to.stride;
      for (int64_t w = 0; w < width; w += kLanes) store(row + w, load(sums + i * width + w));
    }
  }

  void differentiate(const Task& task, const Block& block, int64_t columns) {
    const int64_t width = shape.width;
    const auto [head, begin, first, rows, span] = block;
    const int64_t padded = round_up(rows, kTileRows);
    const int64_t seen = span.columns();
    const int64_t units = width / step;

    const T* q_rows = rows_of(q, block, width);
    const T* d_rows = rows_of(d_out, block, width);
    const T* out_rows = rows_of(out, block, width);
    Unit* query = queries.zeros(padded * units);
    Unit* upstream = d_outs.zeros(padded * units);
    pack_rows(q_rows, q.stride, rows, width, query, width / step);
    pack_rows(d_rows, d_out.stride, rows, width, upstream, width / step);
    const int64_t depth = round_up(rows, step) / step;
    pack_over_rows(q_rows, q.stride, rows, width, query_rows.room(depth * width));
    pack_over_rows(d_rows, d_out.stride, rows, width, d_out_rows.room(depth * width));

    float* score = scores.room(padded * seen);
    float* d_weight = d_weights.room(padded * seen);
    multiply<Product, false>({query, units, 1}, turned_keys.held.data() + span.begin, columns, padded, seen, units, score,
                             seen);
    multiply<Product, false>({upstream, units, 1}, turned_values.held.data() + span.begin, columns, padded, seen, units,
                             d_weight, seen);
    const int64_t tokens = shape.offsets[shape.sequences];
    float along[kBlock];
    for (int64_t i = 0; i < rows; ++i) along[i] = dot(d_rows + i * d_out.stride, out_rows + i * out.stride);
    for (int64_t i = 0; i < rows; ++i) {
      float* weight_row = score + i * seen;
      mask_row(shape, begin + i, task.length, span, -std::numeric_limits<float>::infinity(), weight_row);
      gradient_row(weight_row, d_weight + i * seen, seen, log_sums[head * tokens + first + i], along[i]);
    }
    // Key j's gradient adds up over the block's queries: the scores are read as [queries, keys] from the side.
    const int64_t key_tiles = round_up(std::min(seen, task.length - span.begin), kTileRows);
    const Left<Unit> by_key = over_rows(score, rows, seen, weights);
    float* value_sum = value_sums.held.data() + span.begin * width;
    multiply<Product, true>(by_key, d_out_rows.held.data(), width, key_tiles, width, depth, value_sum, width);
    const Left<Unit> d_by_key = over_rows(d_weight, rows, seen, d_scores);
    float* key_sum = key_sums.held.data() + span.begin * width;
    multiply<Product, true>(d_by_key, query_rows.held.data(), width, key_tiles, width, depth, key_sum, width);

    Unit* d_score = reinterpret_cast<Unit*>(d_weight);
    if constexpr (step == 2) d_score = d_score_rows.room(padded * (seen / step));
    left_over_columns(d_weight, rows, seen, d_score);
    multiply<Product>({d_score, seen / step, 1}, key_rows.held.data() + span.begin / step * width, width, padded, width,
                      seen / step, from_zero,
                      [to = rows_of(dq, block, width), stride = dq.stride, rows = block.rows](int64_t i, int64_t j, Lanes sum) {
                        if (i < rows) store(to + i * stride + j, sum);
                      });
  }

  /** Float rows as a product's left side over the rows, with room for a last tile that reaches past the columns. */
  Left<Unit> over_rows(float* from, int64_t rows, int64_t columns, Scratch<Unit>& to) const {
    const int64_t stride = columns + kTileRows;
    Unit* packed = to.room(round_up(rows, step) / step * stride);
    for (int64_t i = 0; i < rows; i += step) {
      const float* second = i + 1 < rows ? from + (i + 1) * columns : nullptr;
      interleave(from + i * columns, second, columns, packed + i / step * stride);
      std::fill_n(packed + i / step * stride + columns, kTileRows, Unit{});
    }
    return {packed, 1, stride};
  }

  static void interleave(const float* row, const float*, int64_t columns, float* to) {
    std::memcpy(to, row, static_cast<size_t>(columns) * sizeof(float));
  }
  static void interleave(const float* row, const float* next, int64_t columns, uint32_t* to) {
    for (int64_t j = 0; j < columns; j += kLanes) {
      const Words both = rounded(load(row + j)) | (next ? rounded(load(next + j)) << 16 : Words{});
      std::memcpy(to + j, &both, sizeof both);
    }
  }

  float dot(const T* a, const T* b) const {
    Lanes total{};
    for (int64_t w = 0; w < shape.width; w += kLanes) total += load(a + w) * load(b + w);
    return sum(total);
  }

  /** Scores → weights; d_weights → the scores' gradient, weight · (d_weight − along) · scale. */
  void gradient_row(float* weights_row, float* d_row, int64_t columns, float log_sum, float along) const {
    for (int64_t j = 0; j < columns; j += kLanes) {
      const Lanes weight = exponential(load(weights_row + j) * shape.scale - log_sum, T{});
      store(weights_row + j, weight);
      store(d_row + j, weight * (load(d_row + j) - along) * shape.scale);
    }
  }
};

}  // namespace

template <typename T>
void attention_backward(const AttentionShape& shape, Rows<const T> d_out, Rows<const T> q, Rows<const T> k,
                        Rows<const T> v, Rows<const T> out, const float* log_sums, Rows<T> dq, Rows<T> dk, Rows<T> dv) {
  for_each_task(shape.sequences * shape.kv_heads, Backward<T>{shape, d_out, q, k, v, out, log_sums, dq, dk, dv});
}

#define REASONTUNE_BACKWARD(T)                                                                              \
  template void attention_backward<T>(const AttentionShape&, Rows<const T>, Rows<const T>, Rows<const T>, \
                                      Rows<const T>, Rows<const T>, const float*, Rows<T>, Rows<T>, Rows<T>);
REASONTUNE_BACKWARD(float)
REASONTUNE_BACKWARD(Bfloat16)

}  // namespace reasontune
