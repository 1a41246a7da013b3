// The door's functions for a device that is not the CPU: its memory, the settings of its arithmetic, kernels of our own.
#include "values.h"

#include <vector>

#include "device.h"
#include "nvrtc.h"

namespace reasontune {
namespace {

constexpr napi_type_tag kKernelTag = {0x7265'6173'6f6e'7475ULL, 0x6e65'2d6b'6572'6e6cULL};

std::string text(const Napi::Value& value, const std::string& where) {
  if (!value.IsString()) refuse(value.Env(), "Expected text for " + where + ".");
  return value.As<Napi::String>().Utf8Value();
}

unsigned dimension(const Napi::Value& value, const std::string& where) {
  const int64_t n = integer(value, where);
  if (n < 1 || n > 0x7fffffff) refuse(value.Env(), "Expected 1 to 2^31-1 for " + where + ".");
  return static_cast<unsigned>(n);
}

// memory(device): {allocated, peak, reserved} in bytes, null for the CPU and for a torch before 2.9.
Napi::Value memory(const Napi::CallbackInfo& info) {
  return guarded(info, "memory", [&]() -> Napi::Value {
    const auto env = info.Env();
    const auto found = memory_of(c10::Device(text(info[0], "memory")));
    if (!found) return env.Null();
    auto made = Napi::Object::New(env);
    made.Set("allocated", Napi::Number::New(env, static_cast<double>(found->allocated)));
    made.Set("peak", Napi::Number::New(env, static_cast<double>(found->peak)));
    made.Set("reserved", Napi::Number::New(env, static_cast<double>(found->reserved)));
    return made;
  });
}

Napi::Value reset_peak(const Napi::CallbackInfo& info) {
  return guarded(info, "resetPeak", [&] {
    reset_peak_of(c10::Device(text(info[0], "resetPeak")));
    return info.Env().Undefined();
  });
}

// configure({tf32?, reducedBfloat16Sums?, deterministic?}): for every operator from now on; what is left out stays.
Napi::Value configure(const Napi::CallbackInfo& info) {
  return guarded(info, "configure", [&] {
    if (!info[0].IsObject()) refuse(info.Env(), "Expected configure({tf32, reducedBfloat16Sums, deterministic}).");
    const auto given = info[0].As<Napi::Object>();
    const auto apply = [&](const char* name, void (*set)(bool)) {
      const Napi::Value value = given.Get(name);
      if (value.IsUndefined()) return;
      if (!value.IsBoolean()) refuse(info.Env(), std::string("Expected true or false for configure(") + name + ").");
      set(value.As<Napi::Boolean>());
    };
    apply("tf32", set_tf32);
    apply("reducedBfloat16Sums", set_reduced_bfloat16_sums);
    apply("deterministic", set_deterministic);
    return info.Env().Undefined();
  });
}

// cudaDevice(index): {name, capability, cuda}, capability 90 for sm_90, cuda 12040 for a driver that serves 12.4.
Napi::Value cuda_device(const Napi::CallbackInfo& info) {
  return guarded(info, "cudaDevice", [&]() -> Napi::Value {
    const auto env = info.Env();
    const auto index = static_cast<int>(integer(info[0], "cudaDevice"));
    auto made = Napi::Object::New(env);
    made.Set("name", Napi::String::New(env, Driver::get().name(index)));
    made.Set("capability", Napi::Number::New(env, Driver::get().capability(index)));
    made.Set("cuda", Napi::Number::New(env, Driver::get().cuda()));
    return made;
  });
}

Napi::Value nvrtc_version(const Napi::CallbackInfo& info) {
  return guarded(info, "nvrtcVersion", [&] { return Napi::String::New(info.Env(), Nvrtc::get().version()); });
}

// compileKernels(source, name, architecture): machine code as a Uint8Array. Needs no GPU.
Napi::Value compile_kernels(const Napi::CallbackInfo& info) {
  return guarded(info, "compileKernels", [&]() -> Napi::Value {
    const auto source = text(info[0], "compileKernels(source)");
    const auto name = text(info[1], "compileKernels(name)");
    const auto cubin = Nvrtc::get().compile(source, name, text(info[2], "compileKernels(architecture)"));
    return Napi::Buffer<char>::Copy(info.Env(), cubin.data(), cubin.size());
  });
}

// loadKernel(cubin, name): one kernel of what compileKernels made.
Napi::Value load_kernel(const Napi::CallbackInfo& info) {
  return guarded(info, "loadKernel", [&]() -> Napi::Value {
    const auto env = info.Env();
    if (!info[0].IsBuffer()) refuse(env, "Expected a Uint8Array for loadKernel(cubin).");
    const auto cubin = info[0].As<Napi::Buffer<char>>();
    auto kernel = Napi::External<void>::New(env, Driver::get().load(cubin.Data(), text(info[1], "loadKernel(name)")));
    napi_type_tag_object(env, kernel, &kKernelTag);
    return kernel;
  });
}

// launch(kernel, blocks, threads, arguments): a tensor is passed as its address, a bigint as a long long, a number as a
// float. All tensors lie on one CUDA device, whose current stream takes the kernel.
Napi::Value launch(const Napi::CallbackInfo& info) {
  return guarded(info, "launch", [&] {
    const auto env = info.Env();
    bool ours = false;
    if (info[0].IsExternal()) napi_check_object_type_tag(env, info[0], &kKernelTag, &ours);
    if (!ours || !info[3].IsArray()) refuse(env, "Expected launch(kernel, blocks, threads, [arguments]).");
    const auto given = info[3].As<Napi::Array>();
    union Argument {
      void* address;
      int64_t whole;
      float real;
    };
    std::vector<Argument> values(given.Length());
    std::vector<void*> pointers;
    int device = -1;
    for (uint32_t i = 0; i < given.Length(); ++i) {
      const auto where = "launch(argument " + std::to_string(i) + ")";
      const Napi::Value value = given.Get(i);
      bool lossless = true;
      if (value.IsNumber()) values[i].real = static_cast<float>(number(value, where));
      else if (value.IsBigInt()) values[i].whole = value.As<Napi::BigInt>().Int64Value(&lossless);
      else {
        const at::Tensor& tensor = unwrap(value, where);
        if (!tensor.is_cuda() || !tensor.is_contiguous()) refuse(env, "Expected a contiguous CUDA tensor for " + where + ".");
        if (device >= 0 && device != tensor.get_device()) refuse(env, "Expected one device for " + where + ".");
        device = static_cast<int>(tensor.get_device());
        values[i].address = tensor.data_ptr();
      }
      if (!lossless) refuse(env, "Expected 64 bits for " + where + ".");
      pointers.push_back(&values[i]);
    }
    if (device < 0) refuse(env, "Expected a CUDA tensor among the arguments of launch.");
    void* function = info[0].As<Napi::External<void>>().Data();
    Driver::get().launch(function, dimension(info[1], "launch(blocks)"), dimension(info[2], "launch(threads)"), pointers,
                         device);
    return env.Undefined();
  });
}

// addresses(tensors): where their values lie, for a kernel that works on a whole list. Valid while they live.
Napi::Value addresses(const Napi::CallbackInfo& info) {
  return guarded(info, "addresses", [&]() -> Napi::Value {
    if (!info[0].IsArray()) refuse(info.Env(), "Expected an array for addresses.");
    const auto given = info[0].As<Napi::Array>();
    auto made = Napi::BigInt64Array::New(info.Env(), given.Length());
    for (uint32_t i = 0; i < given.Length(); ++i) {
      const at::Tensor& tensor = unwrap(given.Get(i), "addresses");
      if (!tensor.is_contiguous()) refuse(info.Env(), "Expected contiguous tensors for addresses.");
      made[i] = reinterpret_cast<int64_t>(tensor.data_ptr());
    }
    return made;
  });
}

}  // namespace

void export_accelerator(Napi::Env env, Napi::Object exports) {
  exports.Set("memory", Napi::Function::New(env, memory, "memory"));
  exports.Set("resetPeak", Napi::Function::New(env, reset_peak, "resetPeak"));
  exports.Set("configure", Napi::Function::New(env, configure, "configure"));
  exports.Set("cudaDevice", Napi::Function::New(env, cuda_device, "cudaDevice"));
  exports.Set("nvrtcVersion", Napi::Function::New(env, nvrtc_version, "nvrtcVersion"));
  exports.Set("compileKernels", Napi::Function::New(env, compile_kernels, "compileKernels"));
  exports.Set("loadKernel", Napi::Function::New(env, load_kernel, "loadKernel"));
  exports.Set("launch", Napi::Function::New(env, launch, "launch"));
  exports.Set("addresses", Napi::Function::New(env, addresses, "addresses"));
}

}  // namespace reasontune
