// Checks the attention kernels against attention's definition in float64, for whatever processor this is compiled, and
// how their tasks are shared out. Prints what is wrong and exits with 1; else prints its lanes and threads. No libtorch.
#include "../../../native/kernels/attention.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <mutex>
#include <new>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "../../../native/kernels/layout.h"
#include "../../../native/kernels/threads.h"

using namespace reasontune;

bool failed = false;

void expect(bool holds, const char* what, const char* where = "") {
  if (!holds) std::printf("%s: %s\n", where, what);
  failed = failed || !holds;
}

/** Rows in memory that ends where the last one does. Between rows lie numbers that would show wherever they were read. */
template <typename T>
struct Matrix {
  int64_t rows, columns, stride;
  std::vector<T> held;
  Matrix(int64_t rows, int64_t columns, int64_t gap, unsigned seed) : rows(rows), columns(columns), stride(columns + gap) {
    held.assign((rows - 1) * stride + columns, as(T{}, std::numeric_limits<float>::quiet_NaN()));
    std::mt19937 random(seed);
    for (int64_t i = 0; i < rows * columns; ++i) at(i / columns, i % columns) = as(T{}, random() / 2147483648.0f - 1);
  }
  T& at(int64_t row, int64_t column) { return held[row * stride + column]; }
  double get(int64_t row, int64_t column) { return to_float(at(row, column)); }
  Rows<const T> read() const { return {held.data(), stride}; }
  Rows<T> write() { return {held.data(), stride}; }
};

using Wide = std::vector<double>;

/** The length of the difference over the length of what is expected. */
template <typename T>
double distance(Matrix<T>& made, const Wide& expected) {
  double difference = 0, length = 0;
  for (int64_t i = 0; i < made.rows * made.columns; ++i) {
    difference += std::pow(made.get(i / made.columns, i % made.columns) - expected[i], 2);
    length += std::pow(expected[i], 2);
  }
  return std::sqrt(difference / length);
}

struct Case {
  const char* name;
  int64_t heads, kv_heads, vectors, left, right;
};

const Case cases[] = {
    {"to all", 3, 3, 1, -1, -1},
    {"causal, grouped queries", 4, 2, 3, -1, 0},
    {"a window, one head of keys", 2, 1, 2, 10, 3},
    {"causal in a window", 2, 2, 5, 20, 0},
    {"itself alone", 2, 1, 1, 0, 0},
    {"a window wider than any sequence", 1, 1, 4, 1000, 1000},
};

std::vector<int32_t> offsets_around_tiles() {
  const int32_t l = kLanes, t = kTileRows;
  std::vector<int32_t> offsets{0};
  for (const int32_t length : {1, 0, t - 1, t, t + 1, l - 1, l, l + 1, 4 * t - 1, 4 * t, 4 * t + 1, 2 * l + 1, 8 * t + 1, 0}) {
    offsets.push_back(offsets.back() + length);
  }
  return offsets;
}

template <typename T>
void compare(const Case& given, double tolerance) {
  const auto offsets = offsets_around_tiles();
  const int64_t tokens = offsets.back(), width = given.vectors * kLanes;
  const int64_t columns = given.heads * width, kv_columns = given.kv_heads * width;
  const AttentionShape shape{offsets.data(), static_cast<int64_t>(offsets.size()) - 1, given.heads, given.kv_heads, width,
                             1 / std::sqrt(static_cast<float>(width)), given.left, given.right};
  Matrix<T> q(tokens, columns, 7, 1), k(tokens, kv_columns, 0, 2), v(tokens, kv_columns, 3, 3), d_out(tokens, columns, 1, 4);
  Matrix<T> out(tokens, columns, 0, 5), dq(tokens, columns, 0, 6), dk(tokens, kv_columns, 0, 7), dv(tokens, kv_columns, 0, 8);
  std::vector<float> log_sums(given.heads * tokens);
  attention_forward<T>(shape, q.read(), k.read(), v.read(), out.write(), log_sums.data());
  attention_backward<T>(shape, d_out.read(), q.read(), k.read(), v.read(), out.read(), log_sums.data(), dq.write(),
                        dk.write(), dv.write());

  Wide y(tokens * columns), y_q(y), y_k(tokens * kv_columns), y_v(y_k);
  for (int64_t s = 0; s < shape.sequences; ++s) {
    for (int64_t h = 0; h < given.heads; ++h) {
      const int64_t own = h * width, shared = h / (given.heads / given.kv_heads) * width;
      for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
        const int64_t from = given.left < 0 ? offsets[s] : std::max<int64_t>(offsets[s], i - given.left);
        const int64_t to = given.right < 0 ? offsets[s + 1] : std::min<int64_t>(offsets[s + 1], i + given.right + 1);
        Wide weights(to - from), d_weights(to - from);
        double total = 0, along = 0;
        for (int64_t j = from; j < to; ++j) {
          double score = 0;
          for (int64_t w = 0; w < width; ++w) score += q.get(i, own + w) * k.get(j, shared + w);
          total += weights[j - from] = std::exp(score / std::sqrt(width));
        }
        for (int64_t j = from; j < to; ++j) {
          double& weight = weights[j - from] /= total;
          for (int64_t w = 0; w < width; ++w) {
            d_weights[j - from] += d_out.get(i, own + w) * v.get(j, shared + w);
            y[i * columns + own + w] += weight * v.get(j, shared + w);
            y_v[j * kv_columns + shared + w] += weight * d_out.get(i, own + w);
          }
          along += weight * d_weights[j - from];
        }
        for (int64_t j = from; j < to; ++j) {
          const double d_score = weights[j - from] * (d_weights[j - from] - along) / std::sqrt(width);
          for (int64_t w = 0; w < width; ++w) {
            y_q[i * columns + own + w] += d_score * k.get(j, shared + w);
            y_k[j * kv_columns + shared + w] += d_score * q.get(i, own + w);
          }
        }
      }
    }
  }
  expect(distance(out, y) < tolerance, "the result", given.name);
  // Alone with oneself, the weight is 1 and no score has a gradient: nothing that a distance could be a share of.
  const bool scored = given.left != 0 || given.right != 0;
  expect(!scored || distance(dq, y_q) < tolerance, "q's gradient", given.name);
  expect(!scored || distance(dk, y_k) < tolerance, "k's gradient", given.name);
  expect(distance(dv, y_v) < tolerance, "v's gradient", given.name);
}

/** A number that is none must come out as one wherever it went in, or training would go on with made-up weights. */
template <typename T>
void spread_nan() {
  const int32_t offsets[] = {0, 5, 10};
  const AttentionShape shape{offsets, 2, 1, 1, kLanes, 1, -1, -1};
  for (int which = 0; which < 3; ++which) {
    Matrix<T> x[] = {{10, kLanes, 0, 1}, {10, kLanes, 0, 2}, {10, kLanes, 0, 3}}, out(10, kLanes, 0, 4);
    std::vector<float> log_sums(10);
    x[which].at(2, 0) = as(T{}, std::numeric_limits<float>::quiet_NaN());
    attention_forward<T>(shape, x[0].read(), x[1].read(), x[2].read(), out.write(), log_sums.data());
    for (int64_t i = 0; i < 10; ++i) {
      const bool meets = which == 0 ? i == 2 : i < 5;
      expect(std::isnan(out.get(i, 0)) == meets, "NaN is lost, or where it does not belong");
    }
  }
}

struct Count {
  std::vector<int>* times;
  std::set<std::thread::id>* threads;
  std::mutex* one;
  void operator()(int64_t task) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // so that no thread is through before another begins
    const std::lock_guard hold(*one);
    ++(*times)[task];
    threads->insert(std::this_thread::get_id());
  }
};

struct Starve {
  void operator()(int64_t task) {
    if (task % 3 == 2) throw std::bad_alloc();
  }
};

size_t share_out() {
  std::vector<int> times(50);
  std::set<std::thread::id> threads;
  std::mutex one;
  for_each_task(50, Count{&times, &threads, &one});
  for (const int count : times) expect(count == 1, "a task is not done once");
  for_each_task(0, Starve{});
  bool caught = false;
  try {
    for_each_task(100, Starve{});
  } catch (const std::bad_alloc&) {
    caught = true;
  }
  expect(caught, "the error of a task is lost");
  return threads.size();
}

int main() {
  const size_t threads = share_out();
  for (const auto& given : cases) {
    compare<float>(given, 1e-6);
    compare<Bfloat16>(given, 5e-3);
  }
  spread_nan<float>();
  spread_nan<Bfloat16>();
  if (!failed) std::printf("%d lanes, %s\n", kLanes, GOMP_parallel ? (threads > 1 ? "a pool" : "a pool of one") : "no pool");
  return failed;
}
