#include <cmath>
#include <limits>
#include <type_traits>

#include "attention-spans.h"
#include "layout.h"
#include "product.h"
#include "scratch.h"
#include "threads.h"

namespace reasontune {
namespace {

// Queries taken at once: a tile of them, whose scores against a sequence of 512 stay in the first-level cache.
constexpr int64_t kBlock = kTileRows;

template <typename T>
struct Forward {
  using Product = ProductOf<T>;
  using Unit = typename Product::Unit;
  static constexpr int64_t step = Product::kStep;

  AttentionShape shape;
  Rows<const T> q, k, v;
  Rows<T> out;
  float* log_sums;
  Scratch<Unit> keys{}, values{}, queries{}, weights{};
  Scratch<float> scores{};

  void operator()(int64_t index) {
    const Task task = task_of(shape, index);
    const int64_t width = shape.width;
    const int64_t columns = round_up(task.length, kLanes);
    Unit* turned_keys = keys.room(width / step * columns);
    Unit* value_rows = values.zeros(columns / step * width);
    pack_turned(rows_of(k, task, width), k.stride, task.length, width, columns, turned_keys);
    pack_over_rows(rows_of(v, task, width), v.stride, task.length, width, value_rows);
    for_each_block(shape, task, kBlock, [&](const Block& block) { attend(task, block, columns, turned_keys, value_rows); });
  }

  void attend(const Task& task, const Block& block, int64_t columns, const Unit* turned_keys, const Unit* value_rows) {
    const int64_t width = shape.width;
    const auto [head, begin, first, rows, span] = block;
    const int64_t seen = span.columns();

    Unit* left = queries.zeros(kBlock * (width / step));
    pack_rows(rows_of(q, block, width), q.stride, rows, width, left, width / step);
    float* score = scores.room(kBlock * seen);
    multiply<Product, false>({left, width / step, 1}, turned_keys + span.begin, columns, kBlock, seen, width / step, score,
                             seen);
    // Exponentials as a product's left side: of float32 where the scores are, of bfloat16 beside them.
    using Value = std::conditional_t<step == 1, float, Bfloat16>;
    Unit* weight = reinterpret_cast<Unit*>(score);
    if constexpr (step == 2) weight = weights.room(kBlock * (seen / step));
    // Passes over all rows: a row's lanes are folded one step after the other, which the next row's need not wait for.
    float maximum[kBlock];
    Lanes total[kBlock];
    float inverse[kBlock];
    for (int64_t i = 0; i < rows; ++i) {
      float* row = score + i * seen;
      mask_row(shape, begin + i, task.length, span, -std::numeric_limits<float>::infinity(), row);
      maximum[i] = largest_in(row, seen) * shape.scale;
    }
    for (int64_t i = 0; i < rows; ++i) {
      total[i] = exponentials(score + i * seen, seen, maximum[i], reinterpret_cast<Value*>(weight + i * (seen / step)));
    }
    const int64_t tokens = shape.offsets[shape.sequences];
    for (int64_t i = 0; i < rows; ++i) {
      const float all = sum(total[i]);
      inverse[i] = 1.0f / all;
      log_sums[head * tokens + first + i] = maximum[i] + std::log(all);
    }
    multiply<Product>({weight, seen / step, 1}, value_rows + span.begin / step * width, width, kBlock, width, seen / step,
                      from_zero,
                      [to = rows_of(out, block, width), stride = out.stride, rows = block.rows, shares = &inverse[0]](
                          int64_t i, int64_t j, Lanes sum) {
                        if (i < rows) store(to + i * stride + j, sum * shares[i]);
                      });
  }

  static float largest_in(const float* row, int64_t columns) {
    Lanes most = load(row);
    for (int64_t j = kLanes; j < columns; j += kLanes) most = larger(most, load(row + j));
    return largest(most);
  }

  /** Exponentials of scaled scores less their maximum; returns their sums by lane. */
  template <typename Value>
  Lanes exponentials(const float* row, int64_t columns, float maximum, Value* weights_row) const {
    Lanes total{};
    for (int64_t j = 0; j < columns; j += kLanes) {
      const Lanes e = exponential(load(row + j) * shape.scale - maximum, T{});
      total += e;
      store(weights_row + j, e);
    }
    return total;
  }
};

}  // namespace

template <typename T>
void attention_forward(const AttentionShape& shape, Rows<const T> q, Rows<const T> k, Rows<const T> v, Rows<T> out,
                       float* log_sums) {
  for_each_task(shape.sequences * shape.kv_heads, Forward<T>{shape, q, k, v, out, log_sums});
}

#define REASONTUNE_FORWARD(T)                                                                                       \
  template void attention_forward<T>(const AttentionShape&, Rows<const T>, Rows<const T>, Rows<const T>, Rows<T>, \
                                     float*);
REASONTUNE_FORWARD(float)
REASONTUNE_FORWARD(Bfloat16)

}  // namespace reasontune
