// The door between JavaScript and libtorch. It converts values and calls operators by name through PyTorch's
// dispatcher; which operator is called, and when, TypeScript decides (tensor/torch/).
//
// By-name dispatch keeps one source compiling against many torch versions: an operator's schema, read at run time,
// says how each argument is converted, and arguments left out take the schema's defaults.
#include "values.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/api/include/torch/version.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>

#include "device.h"
#include "kernels/lanes.h"
#include "operators.h"

namespace reasontune {

std::atomic<int64_t> live_tensors{0};

// Marks our externals, so that a foreign object passed as a tensor is refused instead of read as one.
constexpr napi_type_tag kTensorTag = {0x7265'6173'6f6e'7475ULL, 0x6e65'2d74'656e'736fULL};

Napi::Value wrap(Napi::Env env, at::Tensor tensor) {
  if (!tensor.defined()) return env.Null();
  // What reads memory trusts that the values lie there: zeros may have none, and a negation may be yet to be done.
  if (tensor._is_zerotensor() || tensor.is_neg()) tensor = tensor.clone();
  auto* held = new at::Tensor(std::move(tensor));
  ++live_tensors;
  auto external = Napi::External<at::Tensor>::New(env, held, [](Napi::Env, at::Tensor* t) {
    if (t->defined()) --live_tensors;
    delete t;
  });
  napi_type_tag_object(env, external, &kTensorTag);
  return external;
}

at::Tensor& held(const Napi::Value& value, const std::string& where) {
  bool ours = false;
  if (value.IsExternal()) napi_check_object_type_tag(value.Env(), value, &kTensorTag, &ours);
  if (!ours) refuse(value.Env(), "Expected a tensor for " + where + ".");
  return *value.As<Napi::External<at::Tensor>>().Data();
}

at::Tensor& unwrap(const Napi::Value& value, const std::string& where) {
  at::Tensor& tensor = held(value, where);
  if (!tensor.defined()) refuse(value.Env(), "Expected a live tensor for " + where + ", got a released one.");
  return tensor;
}

double number(const Napi::Value& value, const std::string& where) {
  if (!value.IsNumber()) refuse(value.Env(), "Expected a number for " + where + ".");
  return value.As<Napi::Number>().DoubleValue();
}

int64_t integer(const Napi::Value& value, const std::string& where) {
  const double d = number(value, where);
  // 2^53: past it a JavaScript number is no longer exact.
  if (!(d == std::floor(d)) || std::abs(d) > 9007199254740992.0) {
    refuse(value.Env(), "Expected an integer for " + where + ".");
  }
  return static_cast<int64_t>(d);
}

// One of the types that a tensor here may have. libtorch indexes a table with the number, unchecked.
int64_t scalar_type_number(const Napi::Value& value, const std::string& where) {
  const int64_t given = integer(value, where);
  const bool real = given >= 0 && given <= static_cast<int64_t>(at::kDouble);
  if (!real && given != static_cast<int64_t>(at::kBool) && given != static_cast<int64_t>(at::kBFloat16)) {
    refuse(value.Env(), "Expected the number of a real scalar type for " + where + ".");
  }
  return given;
}

at::Scalar scalar(const Napi::Value& value, const std::string& where) {
  const double d = number(value, where);
  if (d == std::floor(d) && std::abs(d) < 9007199254740992.0) return at::Scalar(static_cast<int64_t>(d));
  return at::Scalar(d);
}

c10::IValue convert(const Napi::Value& value, const c10::TypePtr& type, const std::string& where);

template <typename T, typename Convert>
c10::List<T> list(const Napi::Array& array, const std::string& where, Convert convert_one) {
  c10::List<T> out;
  out.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) out.push_back(convert_one(array.Get(i), where));
  return out;
}

c10::IValue convert_list(const Napi::Value& value, const c10::TypePtr& element, const std::string& where) {
  if (!value.IsArray()) refuse(value.Env(), "Expected an array for " + where + ".");
  const auto array = value.As<Napi::Array>();
  switch (element->kind()) {
    case c10::TypeKind::TensorType:
      return list<at::Tensor>(array, where, unwrap);
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return list<int64_t>(array, where, integer);
    case c10::TypeKind::FloatType:
      return list<double>(array, where, number);
    case c10::TypeKind::BoolType:
      return list<bool>(array, where, [](const Napi::Value& v, const std::string&) { return v.ToBoolean().Value(); });
    case c10::TypeKind::OptionalType: {
      c10::impl::GenericList out(element);
      for (uint32_t i = 0; i < array.Length(); ++i) out.push_back(convert(array.Get(i), element, where));
      return out;
    }
    default:
      refuse(value.Env(), "Lists of " + element->str() + " are not supported (" + where + ").");
  }
}

c10::IValue convert(const Napi::Value& value, const c10::TypePtr& type, const std::string& where) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType:
      return unwrap(value, where);
    case c10::TypeKind::OptionalType:
      if (value.IsNull() || value.IsUndefined()) return {};
      return convert(value, type->castRaw<c10::OptionalType>()->getElementType(), where);
    case c10::TypeKind::ListType:
      return convert_list(value, type->castRaw<c10::ListType>()->getElementType(), where);
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType:
      return integer(value, where);
    case c10::TypeKind::ScalarTypeType:
      return scalar_type_number(value, where);
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType:
      return number(value, where);
    case c10::TypeKind::NumberType:
      return scalar(value, where);
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType:
      if (!value.IsBoolean()) refuse(value.Env(), "Expected true or false for " + where + ".");
      return value.As<Napi::Boolean>().Value();
    case c10::TypeKind::StringType:
      if (!value.IsString()) refuse(value.Env(), "Expected a string for " + where + ".");
      return value.As<Napi::String>().Utf8Value();
    case c10::TypeKind::DeviceObjType:
      if (!value.IsString()) refuse(value.Env(), "Expected a device name for " + where + ".");
      return c10::Device(value.As<Napi::String>().Utf8Value());
    default:
      refuse(value.Env(), "Arguments of type " + type->str() + " are not supported (" + where + ").");
  }
}

Napi::Value to_js(Napi::Env env, const c10::IValue& value) {
  if (value.isTensor()) return wrap(env, value.toTensor());
  if (value.isInt()) return Napi::Number::New(env, static_cast<double>(value.toInt()));
  if (value.isDouble()) return Napi::Number::New(env, value.toDouble());
  if (value.isBool()) return Napi::Boolean::New(env, value.toBool());
  if (value.isScalar()) return Napi::Number::New(env, value.toScalar().toDouble());
  if (value.isTensorList()) {
    auto tensors = value.toTensorVector();
    auto array = Napi::Array::New(env, tensors.size());
    for (size_t i = 0; i < tensors.size(); ++i) array.Set(i, wrap(env, tensors[i]));
    return array;
  }
  return env.Null();
}

// An operator of PyTorch's dispatcher, or one of ours (operators.cpp).
struct Operator {
  const c10::FunctionSchema* schema;
  std::optional<c10::OperatorHandle> theirs;
  const OwnOperator* ours = nullptr;

  void run(torch::jit::Stack& stack) const {
    if (ours) ours->run(stack);
    else theirs->callBoxed(stack);
  }

  bool serves(c10::DispatchKey device) const {
    return ours ? device == c10::DispatchKey::CPU : theirs->hasComputedKernelForDispatchKey(device);
  }
};

// An operator by its schema name, null where neither this torch nor we have one.
const Operator* find_operator(const std::string& name) {
  static std::unordered_map<std::string, Operator> known;
  const auto seen = known.find(name);
  if (seen != known.end()) return &seen->second;
  if (const auto* own = find_own_operator(name)) {
    return &known.emplace(name, Operator{&own->schema, std::nullopt, own}).first->second;
  }
  // "aten::add.Tensor" is operator "aten::add", overload "Tensor".
  const auto colons = name.find("::");
  const auto dot = colons == std::string::npos ? colons : name.find('.', colons);
  const bool overloaded = dot != std::string::npos;
  const auto found = c10::Dispatcher::singleton().findSchema(
      {overloaded ? name.substr(0, dot) : name, overloaded ? name.substr(dot + 1) : ""});
  return found ? &known.emplace(name, Operator{&found->schema(), *found}).first->second : nullptr;
}

// call(name, positional, named?): runs one operator; the result is a tensor, a number, or an array of those.
Napi::Value call(const Napi::CallbackInfo& info) {
  const auto name = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "call";
  return guarded(info, name, [&]() -> Napi::Value {
    const auto env = info.Env();
    if (!info[0].IsString() || !info[1].IsArray()) {
      refuse(env, "Expected call(operator, [arguments], {named}), got other arguments for " + name + ".");
    }
    const auto* op = find_operator(name);
    if (!op) refuse(env, "This torch (" TORCH_VERSION ") has no operator " + name + ".");
    const auto& arguments = op->schema->arguments();
    const auto positional = info[1].As<Napi::Array>();
    if (positional.Length() > arguments.size()) refuse(env, "Too many arguments for " + name + ".");
    const bool has_named = info.Length() > 2 && info[2].IsObject();
    torch::jit::Stack stack;
    stack.reserve(arguments.size());
    for (size_t i = 0; i < arguments.size(); ++i) {
      const auto& argument = arguments[i];
      Napi::Value given = env.Undefined();
      if (i < positional.Length()) given = positional.Get(static_cast<uint32_t>(i));
      else if (has_named) given = info[2].As<Napi::Object>().Get(argument.name());
      if (!given.IsUndefined()) stack.push_back(convert(given, argument.real_type(), name + "(" + argument.name() + ")"));
      else if (argument.default_value()) stack.push_back(*argument.default_value());
      else refuse(env, "Expected a value for " + name + "(" + argument.name() + ").");
    }
    op->run(stack);
    if (stack.empty()) return env.Undefined();
    if (stack.size() == 1) return to_js(env, stack[0]);
    auto results = Napi::Array::New(env, stack.size());
    for (size_t i = 0; i < stack.size(); ++i) results.Set(i, to_js(env, stack[i]));
    return results;
  });
}

at::ScalarType scalar_type(const Napi::TypedArray& array) {
  switch (array.TypedArrayType()) {
    case napi_float32_array: return at::kFloat;
    case napi_int32_array: return at::kInt;
    case napi_uint8_array: return at::kByte;
    case napi_bigint64_array: return at::kLong;
    default: refuse(array.Env(), "Expected a Float32Array, Int32Array, Uint8Array or BigInt64Array for fromArray.");
  }
}

// fromArray(typedArray, shape, device): a copy of the values on the device, queued there where it is not the CPU.
Napi::Value from_array(const Napi::CallbackInfo& info) {
  return guarded(info, "fromArray", [&]() -> Napi::Value {
    const auto env = info.Env();
    if (info.Length() < 3 || !info[0].IsTypedArray() || !info[1].IsArray() || !info[2].IsString()) {
      refuse(env, "Expected fromArray(typedArray, shape, device).");
    }
    const auto array = info[0].As<Napi::TypedArray>();
    const auto dims = list<int64_t>(info[1].As<Napi::Array>(), "fromArray(shape)", integer).vec();
    int64_t size = 1;
    for (const auto dim : dims) {
      if (dim < 0 || (dim > 0 && size > INT64_MAX / dim)) refuse(env, "Expected sizes of 0 or more for fromArray(shape).");
      size *= dim;
    }
    if (size != static_cast<int64_t>(array.ElementLength())) {
      refuse(env, "Expected " + std::to_string(size) + " values for fromArray(shape), got " +
                      std::to_string(array.ElementLength()) + ".");
    }
    const auto* bytes = static_cast<uint8_t*>(array.ArrayBuffer().Data()) + array.ByteOffset();
    const c10::Device device(info[2].As<Napi::String>().Utf8Value());
    return wrap(env, upload(bytes, array.ByteLength(), dims, scalar_type(array), device));
  });
}

template <typename Array>
Napi::Value copy_out(Napi::Env env, const at::Tensor& tensor) {
  auto array = Array::New(env, tensor.numel());
  if (tensor.numel() > 0) std::memcpy(array.Data(), tensor.data_ptr(), tensor.nbytes());
  return array;
}

Napi::Value to_host_array(Napi::Env env, const at::Tensor& tensor) {
  if (tensor.is_floating_point()) return copy_out<Napi::Float32Array>(env, tensor.to(at::kFloat).contiguous());
  if (tensor.scalar_type() == at::kBool) return copy_out<Napi::Uint8Array>(env, tensor.contiguous());
  return copy_out<Napi::Int32Array>(env, tensor.to(at::kInt).contiguous());
}

// toArray(tensor): its values on the host: Float32Array for floating types, Int32Array for integers, Uint8Array for bool.
Napi::Value to_array(const Napi::CallbackInfo& info) {
  return guarded(info, "toArray", [&] { return to_host_array(info.Env(), unwrap(info[0], "toArray").to(at::kCPU)); });
}

// Waits for a download on a thread of its own, so that JavaScript goes on meanwhile.
class Reading : public Napi::AsyncWorker {
 public:
  Reading(Napi::Env env, const at::Tensor& tensor)
      : Napi::AsyncWorker(env), promise_(Napi::Promise::Deferred::New(env)), download_(tensor) {}
  Napi::Promise promise() const { return promise_.Promise(); }

 protected:
  void Execute() override { download_.wait(); }
  void OnOK() override { promise_.Resolve(to_host_array(Env(), download_.host())); }
  void OnError(const Napi::Error& error) override { promise_.Reject(error.Value()); }

 private:
  Napi::Promise::Deferred promise_;
  Download download_;
};

// read(tensor): as toArray, in a promise: the values that the tensor has now, whatever is done to it afterwards.
Napi::Value read(const Napi::CallbackInfo& info) {
  return guarded(info, "read", [&]() -> Napi::Value {
    auto* reading = new Reading(info.Env(), unwrap(info[0], "read"));
    reading->Queue();
    return reading->promise();
  });
}

// release(tensor): frees its memory now; using it afterwards is refused.
Napi::Value release(const Napi::CallbackInfo& info) {
  at::Tensor& tensor = held(info[0], "release");
  if (tensor.defined()) --live_tensors;
  tensor.reset();
  return info.Env().Undefined();
}

Napi::Value shape(const Napi::CallbackInfo& info) {
  const auto sizes = unwrap(info[0], "shape").sizes();
  auto array = Napi::Array::New(info.Env(), sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) array.Set(i, Napi::Number::New(info.Env(), static_cast<double>(sizes[i])));
  return array;
}

// scalarType(tensor): PyTorch's number for it: 6 float32, 15 bfloat16, ...
Napi::Value scalar_type_of(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(unwrap(info[0], "scalarType").scalar_type()));
}

// describe(operator): its arguments' names, and which devices have a kernel; null where this torch lacks it.
Napi::Value describe(const Napi::CallbackInfo& info) {
  return guarded(info, "describe", [&]() -> Napi::Value {
    const auto env = info.Env();
    if (!info[0].IsString()) refuse(env, "Expected describe(operator).");
    const auto* op = find_operator(info[0].As<Napi::String>().Utf8Value());
    if (!op) return env.Null();
    auto names = Napi::Array::New(env);
    for (const auto& argument : op->schema->arguments()) names.Set(names.Length(), Napi::String::New(env, argument.name()));
    auto made = Napi::Object::New(env);
    made.Set("arguments", names);
    made.Set("cpu", Napi::Boolean::New(env, op->serves(c10::DispatchKey::CPU)));
    made.Set("cuda", Napi::Boolean::New(env, op->serves(c10::DispatchKey::CUDA)));
    return made;
  });
}

Napi::Value set_threads(const Napi::CallbackInfo& info) {
  const int64_t count = integer(info[0], "setThreads");
  if (count < 1 || count > 1024) refuse(info.Env(), "Expected 1 to 1024 threads for setThreads.");
  at::set_num_threads(static_cast<int>(count));
  return Napi::Number::New(info.Env(), at::get_num_threads());
}

Napi::Value live(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(live_tensors.load()));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  keep_host_memory();
  exports.Set("version", Napi::String::New(env, TORCH_VERSION));
  exports.Set("cuda", Napi::Boolean::New(env, at::hasCUDA()));
  exports.Set("lanes", Napi::Number::New(env, reasontune::kLanes));
  exports.Set("pairs", Napi::Boolean::New(env, reasontune::kPairs));
  exports.Set("call", Napi::Function::New(env, call, "call"));
  exports.Set("fromArray", Napi::Function::New(env, from_array, "fromArray"));
  exports.Set("toArray", Napi::Function::New(env, to_array, "toArray"));
  exports.Set("release", Napi::Function::New(env, release, "release"));
  exports.Set("read", Napi::Function::New(env, read, "read"));
  exports.Set("describe", Napi::Function::New(env, describe, "describe"));
  exports.Set("shape", Napi::Function::New(env, shape, "shape"));
  exports.Set("scalarType", Napi::Function::New(env, scalar_type_of, "scalarType"));
  exports.Set("setThreads", Napi::Function::New(env, set_threads, "setThreads"));
  exports.Set("liveTensors", Napi::Function::New(env, live, "liveTensors"));
  export_accelerator(env, exports);
  return exports;
}

}  // namespace reasontune

Napi::Object start(Napi::Env env, Napi::Object exports) { return reasontune::init(env, exports); }

NODE_API_MODULE(reasontune, start)
