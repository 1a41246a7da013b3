#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include <string>

namespace reasontune {

/** An operator of ours: it is called as PyTorch's are, its arguments converted by its schema. */
struct OwnOperator {
  c10::FunctionSchema schema;
  void (*run)(torch::jit::Stack&);
};

/** The operator "reasontune::…" of that name, or null. */
const OwnOperator* find_own_operator(const std::string& name);

}  // namespace reasontune
