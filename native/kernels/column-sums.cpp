#include "column-sums.h"

#include <algorithm>
#include <vector>

#include "threads.h"

namespace reasontune {
namespace {

// Rows that one task adds up. Tasks' sums are added in the tasks' order, whichever thread is done first: the result is
// the same in every run.
constexpr int64_t kRows = 512;

template <typename T>
struct Sum {
  const T* x;
  int64_t stride, rows, columns;
  float* parts;  // [tasks, columns]

  void operator()(int64_t task) {
    float* part = parts + task * columns;
    const int64_t end = std::min(rows, (task + 1) * kRows);
    for (int64_t r = task * kRows; r < end; ++r) {
      const T* row = x + r * stride;
      for (int64_t c = 0; c < columns; c += kLanes) store(part + c, load(part + c) + load(row + c));
    }
  }
};

}  // namespace

template <typename T>
void column_sums(const T* x, int64_t stride, int64_t rows, int64_t columns, float* sums) {
  const int64_t tasks = parts_of(rows, kRows);
  std::vector<float> parts(static_cast<size_t>(tasks * columns));
  for_each_task(tasks, Sum<T>{x, stride, rows, columns, parts.data()});
  std::fill(sums, sums + columns, 0.0f);
  for (int64_t task = 0; task < tasks; ++task) {
    const float* part = parts.data() + task * columns;
    for (int64_t c = 0; c < columns; c += kLanes) store(sums + c, load(sums + c) + load(part + c));
  }
}

template void column_sums<float>(const float*, int64_t, int64_t, int64_t, float*);
template void column_sums<Bfloat16>(const Bfloat16*, int64_t, int64_t, int64_t, float*);

}  // namespace reasontune
