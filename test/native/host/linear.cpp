// Projections of float32 and bfloat16 rows, with what follows them, against float64, of rows in memory that ends where the last one
// does. No libtorch.
#include "../../../native/kernels/linear.h"

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "matrix.h"

using namespace reasontune;

std::vector<float> vector(int64_t size, unsigned seed) {
  std::vector<float> made(static_cast<size_t>(size));
  std::mt19937 random(seed);
  for (auto& value : made) value = random() / 2147483648.0f - 1;
  return made;
}

bool close(Bfloat16 got, double exact, double slack) {
  return std::abs(to_float(got) - exact) <= std::abs(exact) / 256 + 1e-4 + slack;
}
bool close(float got, double exact, double slack) { return std::abs(got - exact) <= std::abs(exact) * 3e-7 + slack; }

// Of GELU, to x.
double slack_of(float) { return 2e-7; }
double slack_of(Bfloat16) { return 2e-5; }

template <typename T>
bool holds(int64_t rows, int64_t inner, int64_t columns, int64_t gap, bool biased, bool turned) {
  const auto weight = turned ? matrix<T>(inner, columns, gap, 2) : matrix<T>(columns, inner, gap, 2);
  const auto x = matrix<T>(rows, inner, gap, 1), residual = matrix<T>(rows, columns, gap, 3);
  const auto bias = vector(columns, 4), gain = vector(columns, 5), shift = vector(columns, 6);
  const Projection<T> p{x.values.data(), x.stride, rows,    inner, weight.values.data(), weight.stride,
                        turned,          columns,  biased ? bias.data() : nullptr};
  const float eps = 1e-5f;
  std::vector<T> plain(static_cast<size_t>(rows * columns)), curved = plain, normalized = plain;
  std::vector<uint32_t> packed(static_cast<size_t>(packed_words(p)));
  linear(p, After::kNothing, packed.data(), plain.data());
  linear(p, After::kGelu, packed.data(), curved.data());
  linear_norm(p, {residual.values.data(), residual.stride, gain.data(), biased ? shift.data() : nullptr, eps}, packed.data(),
              normalized.data());
  std::vector<double> row(static_cast<size_t>(columns));
  bool all = true;
  for (int64_t r = 0; r < rows; ++r) {
    double mean = 0, variance = 0;
    for (int64_t c = 0; c < columns; ++c) {
      double sum = biased ? bias[c] : 0;
      for (int64_t k = 0; k < inner; ++k) sum += x.at(r, k) * (turned ? weight.at(k, c) : weight.at(c, k));
      const double slack = 1e-6 * std::sqrt(static_cast<double>(inner));
      all = all && close(plain[r * columns + c], sum, slack);
      all = all && close(curved[r * columns + c], sum / 2 * (1 + std::erf(sum / std::sqrt(2.0))), slack + slack_of(T{}) * std::abs(sum));
      row[c] = sum + residual.at(r, c);
      mean += row[c] / columns;
    }
    for (int64_t c = 0; c < columns; ++c) variance += (row[c] - mean) * (row[c] - mean) / columns;
    for (int64_t c = 0; c < columns; ++c) {
      const double exact = (row[c] - mean) / std::sqrt(variance + eps) * gain[c] + (biased ? shift[c] : 0);
      all = all && close(normalized[r * columns + c], exact, 2e-5);
    }
  }
  return all;
}

// What a float64 product would hide: the kernel's own numbers far from zero, and what is not a number.
template <typename T>
bool holds_far() {
  constexpr int64_t width = kLanes;
  bool all = true;
  for (const float value : {-1e30f, -40.0f, -5.0f, 5.0f, 40.0f, 1e30f, NAN}) {
    std::vector<T> x(width), weight(width * width), out(width);
    x[0] = as(T{}, 1.0f);
    for (int64_t c = 0; c < width; ++c) weight[c * width] = as(T{}, value);
    const Projection<T> p{x.data(), width, 1, width, weight.data(), width, false, width, nullptr};
    std::vector<uint32_t> packed(static_cast<size_t>(packed_words(p)));
    linear(p, After::kGelu, packed.data(), out.data());
    const double exact = value < -5 ? 0 : value * 0.5 * (1 + std::erf(value / std::sqrt(2.0)));
    const float got = to_float(out[0]);
    all = all && (std::isnan(value) ? std::isnan(got) : close(out[0], exact, slack_of(T{}) * std::abs(value)));
  }
  return all;
}

template <typename T>
bool all_hold(const char* type) {
  bool all = holds_far<T>();
  if (!all) std::printf("far from zero, %s\n", type);
  // Around tiles (6 or 12 rows), tasks (four of them) and panels (two vectors).
  for (const int64_t rows : {0, 1, 6, 11, 12, 13, 24, 47, 48, 49, 100}) {
    for (const int64_t inner : {0, 1, 2, 5}) {
      for (const int64_t columns : {1, 2, 3, 4, 7}) {
        for (const int64_t gap : {0, 2, 7}) {
          const bool biased = (rows + columns) % 2 == 0, turned = (inner + columns + gap) % 2 == 0;
          const bool right = holds<T>(rows, inner * kLanes, columns * kLanes, gap, biased, turned);
          if (!right) std::printf("%d rows of %d to %d, %d apart, %s\n", int(rows), int(inner), int(columns), int(gap), type);
          all = all && right;
        }
      }
    }
  }
  return all;
}

int main() {
  const bool float32 = all_hold<float>("float32"), bfloat16 = all_hold<Bfloat16>("bfloat16"), all = float32 && bfloat16;
  if (all) std::printf("projections hold\n");
  return !all;
}
