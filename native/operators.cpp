// Our own CPU kernels as operators: what checks that tensors are what a kernel reads, and hands it their memory.
#include "operators.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/jit/frontend/function_schema_parser.h>

#include <unordered_map>
#include <vector>

#include "kernels/attention.h"
#include "kernels/column-sums.h"
#include "kernels/linear.h"
#include "kernels/weight-gradient.h"

namespace reasontune {
namespace {

/** q, k and v of packed sequences, and what the kernels take from them. */
struct Attention {
  at::Tensor offsets;
  AttentionShape shape;
};

void check_rows(const at::Tensor& x, const char* name, const at::Tensor& like, int64_t columns) {
  TORCH_CHECK(x.is_cpu() && x.dim() == 2 && x.scalar_type() == like.scalar_type(), "Expected ", name,
              " as a CPU matrix of q's type.");
  TORCH_CHECK(x.size(0) == like.size(0) && x.size(1) == columns && x.stride(1) == 1, "Expected ", name, " of ",
              like.size(0), " rows and ", columns, " columns one after another, got ", x.sizes(), ".");
}

/** heads, kv_heads, left and right as the schema below gives them, from the stack's place `at`. */
Attention attention_of(const torch::jit::Stack& stack, size_t at, const at::Tensor& q, const at::Tensor& k,
                       const at::Tensor& v) {
  // libtorch tells the pool how many threads to use in each thread that calls it, at that thread's first parallel work.
  at::internal::lazy_init_num_threads();
  const int64_t heads = stack[at + 1].toInt(), kv_heads = stack[at + 2].toInt();
  TORCH_CHECK(q.dim() == 2 && (q.scalar_type() == at::kFloat || q.scalar_type() == at::kBFloat16),
              "Expected q as a matrix of float32 or bfloat16.");
  TORCH_CHECK(heads > 0 && kv_heads > 0 && heads % kv_heads == 0 && q.size(1) % heads == 0,
              "Expected heads that divide q's columns and are a multiple of kv_heads.");
  const int64_t width = q.size(1) / heads;
  TORCH_CHECK(width > 0 && width % kLanes == 0, "Expected a head's width to be a multiple of ", kLanes, ", got ", width, ".");
  check_rows(q, "q", q, heads * width);
  check_rows(k, "k", q, kv_heads * width);
  check_rows(v, "v", q, kv_heads * width);

  auto offsets = stack[at].toTensor();
  TORCH_CHECK(offsets.is_cpu() && offsets.scalar_type() == at::kInt && offsets.dim() == 1 && offsets.size(0) > 0,
              "Expected offsets as a list of int32.");
  offsets = offsets.contiguous();
  const auto* places = offsets.const_data_ptr<int32_t>();
  const int64_t sequences = offsets.size(0) - 1;
  bool rising = places[0] == 0 && places[sequences] == q.size(0);
  for (int64_t i = 0; i < sequences; ++i) rising = rising && places[i] <= places[i + 1];
  TORCH_CHECK(rising, "Expected offsets that rise from 0 to the ", q.size(0), " tokens.");
  const float scale = 1.0f / std::sqrt(static_cast<float>(width));
  return {offsets,
          {places, sequences, heads, kv_heads, width, scale, stack[at + 3].toInt(), stack[at + 4].toInt()}};
}

/** Calls `run` with a value of x's type, of the two that were checked for. */
template <typename Run>
void with_type(const at::Tensor& x, const Run& run) {
  if (x.scalar_type() == at::kFloat) run(float{});
  else run(Bfloat16{});
}

template <typename T>
Rows<const T> read(const at::Tensor& x) {
  return {static_cast<const T*>(x.const_data_ptr()), x.stride(0)};
}

template <typename T>
Rows<T> write(const at::Tensor& x) {
  return {static_cast<T*>(x.data_ptr()), x.stride(0)};
}

void attention(torch::jit::Stack& stack) {
  const auto q = stack[0].toTensor(), k = stack[1].toTensor(), v = stack[2].toTensor();
  const auto made = attention_of(stack, 3, q, k, v);
  auto out = at::empty(q.sizes(), q.options());
  auto log_sums = at::empty({made.shape.heads, q.size(0)}, q.options().dtype(at::kFloat));
  const auto run = [&]<typename T>(T) {
    attention_forward<T>(made.shape, read<T>(q), read<T>(k), read<T>(v), write<T>(out), log_sums.data_ptr<float>());
  };
  with_type(q, run);
  stack = {out, log_sums};
}

void attention_gradient(torch::jit::Stack& stack) {
  const auto q = stack[1].toTensor(), k = stack[2].toTensor(), v = stack[3].toTensor(), out = stack[4].toTensor();
  const auto d_out = stack[0].toTensor(), log_sums = stack[5].toTensor();
  const auto made = attention_of(stack, 6, q, k, v);
  check_rows(out, "out", q, q.size(1));
  check_rows(d_out, "d_out", q, q.size(1));
  TORCH_CHECK(log_sums.is_cpu() && log_sums.scalar_type() == at::kFloat && log_sums.is_contiguous() &&
                  log_sums.numel() == made.shape.heads * q.size(0),
              "Expected log_sums of ", made.shape.heads, " heads and ", q.size(0), " tokens.");
  auto dq = at::empty(q.sizes(), q.options()), dk = at::empty(k.sizes(), q.options()), dv = at::empty(v.sizes(), q.options());
  const auto run = [&]<typename T>(T) {
    attention_backward<T>(made.shape, read<T>(d_out), read<T>(q), read<T>(k), read<T>(v), read<T>(out),
                          log_sums.const_data_ptr<float>(), write<T>(dq), write<T>(dk), write<T>(dv));
  };
  with_type(q, run);
  stack = {dq, dk, dv};
}

void sum_columns(torch::jit::Stack& stack) {
  const auto x = stack[0].toTensor();
  TORCH_CHECK(x.is_cpu() && x.dim() == 2 && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16),
              "Expected x as a CPU matrix of float32 or bfloat16.");
  TORCH_CHECK(x.size(1) % kLanes == 0 && (x.stride(1) == 1 || x.numel() == 0),
              "Expected columns one after another, a multiple of ", kLanes, " of them, got ", x.size(1), ".");
  auto sums = at::empty({x.size(1)}, x.options().dtype(at::kFloat));
  const auto run = [&]<typename T>(T) {
    column_sums(static_cast<const T*>(x.const_data_ptr()), x.stride(0), x.size(0), x.size(1), sums.data_ptr<float>());
  };
  with_type(x, run);
  stack = {sums};
}

/** x [rows, columns] in float32 or bfloat16, or as `like`, its columns one after another. */
at::Tensor matrix_of(const c10::IValue& value, const char* name, const at::Tensor& like = {}) {
  const auto x = value.toTensor();
  TORCH_CHECK(x.is_cpu() && x.layout() == at::kStrided && x.dim() == 2 &&
                  (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16),
              "Expected ", name, " as a CPU matrix of float32 or bfloat16.");
  TORCH_CHECK(!like.defined() || x.scalar_type() == like.scalar_type(), "Expected ", name, " of ", like.scalar_type(), ", got ",
              x.scalar_type(), ".");
  return x.stride(1) == 1 ? x : x.contiguous();
}

/** A vector of float32 from a stack's optional tensor: undefined where there is none. */
at::Tensor vector_of(const c10::IValue& value, const char* name, int64_t size) {
  if (value.isNone()) return {};
  const auto x = value.toTensor();
  TORCH_CHECK(x.is_cpu() && x.layout() == at::kStrided && x.dim() == 1 && x.size(0) == size && x.is_floating_point(),
              "Expected ", name, " as ", size, " floating-point numbers on the CPU.");
  return x.to(at::kFloat).contiguous();
}

const float* numbers(const at::Tensor& x) { return x.defined() ? x.const_data_ptr<float>() : nullptr; }

void check_lanes(const at::Tensor& x, const char* name) {
  TORCH_CHECK(x.size(0) % kLanes == 0 && x.size(1) % kLanes == 0, "Expected ", name, " of multiples of ", kLanes, ", got ",
              x.sizes(), ".");
}

/** x, weight and bias, with which both schemas below begin, and their result. */
struct Linear {
  at::Tensor x, weight, bias, out;
  bool turned = false;
};

Linear linear_of(const torch::jit::Stack& stack) {
  at::internal::lazy_init_num_threads();
  Linear made{.x = matrix_of(stack[0], "x")};
  // As it lies or turned, as the gradient of what it multiplied wants it: the kernel lays it out anew either way.
  const auto& given = stack[1].toTensor();
  made.turned = given.layout() == at::kStrided && given.dim() == 2 && given.stride(0) == 1 && given.stride(1) != 1;
  made.weight = matrix_of(made.turned ? given.t() : given, "weight", made.x);
  TORCH_CHECK(given.size(1) == made.x.size(1), "Expected a weight of ", made.x.size(1), " columns, got ", given.sizes(), ".");
  check_lanes(given, "a weight");
  made.bias = vector_of(stack[2], "bias", given.size(0));
  made.out = at::empty({made.x.size(0), given.size(0)}, made.x.options());
  return made;
}

/** Calls `run` with the projection and memory for its weight. */
template <typename T, typename Run>
void with_projection(const Linear& made, const Run& run) {
  const auto x = read<T>(made.x), weight = read<T>(made.weight);
  const Projection<T> projection{.x = x.data,
                                 .x_stride = x.stride,
                                 .rows = made.x.size(0),
                                 .inner = made.x.size(1),
                                 .weight = weight.data,
                                 .weight_stride = weight.stride,
                                 .weight_turned = made.turned,
                                 .columns = made.out.size(1),
                                 .bias = numbers(made.bias)};
  const auto packed = at::empty({packed_words(projection)}, made.x.options().dtype(at::kInt));
  run(projection, static_cast<uint32_t*>(packed.data_ptr()), write<T>(made.out).data);
}

void project(torch::jit::Stack& stack) {
  const auto made = linear_of(stack);
  const auto after = stack[3].toBool() ? After::kGelu : After::kNothing;
  const auto run = [&]<typename T>(T) {
    with_projection<T>(made, [&](const auto& projection, uint32_t* packed, T* out) { linear(projection, after, packed, out); });
  };
  with_type(made.x, run);
  stack = {made.out};
}

void project_and_normalize(torch::jit::Stack& stack) {
  const auto made = linear_of(stack);
  const auto residual = matrix_of(stack[3], "residual", made.x);
  TORCH_CHECK(residual.sizes() == made.out.sizes(), "Expected a residual of ", made.out.sizes(), ", got ", residual.sizes(), ".");
  const int64_t columns = made.out.size(1);
  const auto gain = vector_of(stack[4], "gain", columns), bias = vector_of(stack[5], "norm_bias", columns);
  const auto eps = static_cast<float>(stack[6].toDouble());
  const auto run = [&]<typename T>(T) {
    const auto rows = read<T>(residual);
    const Normalization<T> norm{rows.data, rows.stride, numbers(gain), numbers(bias), eps};
    with_projection<T>(made, [&](const auto& projection, uint32_t* packed, T* out) { linear_norm(projection, norm, packed, out); });
  };
  with_type(made.x, run);
  stack = {made.out};
}

void project_backwards(torch::jit::Stack& stack) {
  at::internal::lazy_init_num_threads();
  const auto gradient = matrix_of(stack[0], "gradient"), x = matrix_of(stack[1], "x", gradient);
  TORCH_CHECK(gradient.size(0) == x.size(0), "Expected x of ", gradient.size(0), " rows, got ", x.sizes(), ".");
  auto out = at::empty({gradient.size(1), x.size(1)}, x.options().dtype(at::kFloat));
  check_lanes(out, "a weight");
  const auto run = [&]<typename T>(T) {
    const auto left = read<T>(gradient), right = read<T>(x);
    weight_gradient<T>({right.data, right.stride, left.data, left.stride, x.size(0), x.size(1), gradient.size(1)},
                       at::get_num_threads(), out.data_ptr<float>());
  };
  with_type(x, run);
  stack = {out};
}

std::unordered_map<std::string, OwnOperator> own_operators() {
  const std::vector<std::pair<const char*, void (*)(torch::jit::Stack&)>> all = {
      {"reasontune::attention(Tensor q, Tensor k, Tensor v, Tensor offsets, int heads, int kv_heads, int left, int right) "
       "-> (Tensor out, Tensor log_sums)",
       attention},
      {"reasontune::attention_gradient(Tensor d_out, Tensor q, Tensor k, Tensor v, Tensor out, Tensor log_sums, "
       "Tensor offsets, int heads, int kv_heads, int left, int right) -> (Tensor dq, Tensor dk, Tensor dv)",
       attention_gradient},
      {"reasontune::column_sums(Tensor x) -> Tensor", sum_columns},
      {"reasontune::linear(Tensor x, Tensor weight, Tensor? bias, bool gelu) -> Tensor", project},
      {"reasontune::linear_norm(Tensor x, Tensor weight, Tensor? bias, Tensor residual, Tensor gain, Tensor? norm_bias, "
       "float eps) -> Tensor",
       project_and_normalize},
      {"reasontune::weight_gradient(Tensor gradient, Tensor x) -> Tensor", project_backwards},
  };
  std::unordered_map<std::string, OwnOperator> by_name;
  for (const auto& [schema, run] : all) {
    auto parsed = torch::jit::parseSchema(schema);
    const auto name = parsed.name();
    by_name.emplace(name, OwnOperator{std::move(parsed), run});
  }
  return by_name;
}

}  // namespace

const OwnOperator* find_own_operator(const std::string& name) {
  static const auto known = own_operators();
  const auto found = known.find(name);
  return found == known.end() ? nullptr : &found->second;
}

}  // namespace reasontune
