// Kernels of our own in CUDA C: compiled at run time by NVRTC, loaded and launched by the driver. Both libraries are
// opened by name and their few functions declared here, so that neither the CUDA toolkit nor a driver is needed to
// compile this, and a machine without them only hears of it when it asks for a kernel.
#pragma once

#include <dlfcn.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace reasontune {

class Library {
 public:
  // The first of `names` that opens.
  Library(const char* what, std::initializer_list<const char*> names) : what_(what) {
    for (const char* name : names) {
      if ((handle_ = dlopen(name, RTLD_NOW | RTLD_GLOBAL))) return;
    }
    throw std::runtime_error(std::string(what) + " cannot be loaded: " + dlerror());
  }

  template <typename Function>
  Function* find(const char* name) const {
    auto* found = reinterpret_cast<Function*>(dlsym(handle_, name));
    if (!found) throw std::runtime_error(std::string(what_) + " has no " + name);
    return found;
  }

 private:
  const char* what_;
  void* handle_ = nullptr;
};

// nvrtc.h of CUDA 12 and 13: a result is 0 when all is well, a program an opaque pointer.
class Nvrtc {
  using Program = void*;
  Library library_;

 public:
  static const Nvrtc& get() {
    static const Nvrtc nvrtc;
    return nvrtc;
  }

  std::string version() const {
    int major = 0, minor = 0;
    check(library_.find<int(int*, int*)>("nvrtcVersion")(&major, &minor), "nvrtcVersion");
    return std::to_string(major) + "." + std::to_string(minor);
  }

  // Machine code for one architecture ("sm_90"); throws the compiler's own words.
  std::vector<char> compile(const std::string& source, const std::string& name, const std::string& arch) const {
    Program program = nullptr;
    check(library_.find<int(Program*, const char*, const char*, int, const char* const*, const char* const*)>(
              "nvrtcCreateProgram")(&program, source.c_str(), name.c_str(), 0, nullptr, nullptr),
          "nvrtcCreateProgram");
    const std::string target = "--gpu-architecture=" + arch;
    const char* options[] = {target.c_str(), "--std=c++17", "--fmad=true"};
    const int result = library_.find<int(Program, int, const char* const*)>("nvrtcCompileProgram")(program, 3, options);
    auto made = result == 0 ? text(program, "nvrtcGetCUBIN") : text(program, "nvrtcGetProgramLog");
    library_.find<int(Program*)>("nvrtcDestroyProgram")(&program);
    if (result != 0) throw std::runtime_error(name + " does not compile for " + arch + ": " + made.data());
    return made;
  }

 private:
  // libtorch_cuda has mostly loaded it already, and then the name is enough; libcaffe2_nvrtc.so, beside it, knows where
  // an older torch keeps it.
  Nvrtc() : library_("NVRTC", {"libnvrtc.so.13", "libnvrtc.so.12", "libcaffe2_nvrtc.so"}) {}

  std::vector<char> text(Program program, const std::string& getter) const {
    size_t size = 0;
    check(library_.find<int(Program, size_t*)>((getter + "Size").c_str())(program, &size), getter + "Size");
    std::vector<char> made(size);
    check(library_.find<int(Program, char*)>(getter.c_str())(program, made.data()), getter);
    return made;
  }

  void check(int result, const std::string& what) const {
    if (result == 0) return;
    throw std::runtime_error(what + ": " + library_.find<const char*(int)>("nvrtcGetErrorString")(result));
  }
};

// cuda.h of CUDA 12 and 13. Modules are never unloaded: a kernel lives as long as the process.
class Driver {
  Library library_{"The NVIDIA driver's libcuda", {"libcuda.so.1"}};
  Library torch_{"libtorch_cuda", {"libtorch_cuda.so"}};

 public:
  static const Driver& get() {
    static const Driver driver;
    return driver;
  }

  std::string name(int device) const {
    char name[256] = "";
    check(library_.find<int(char*, int, int)>("cuDeviceGetName")(name, sizeof name, device), "cuDeviceGetName");
    return name;
  }

  // The newest CUDA that it serves, 12040 for 12.4.
  int cuda() const {
    int version = 0;
    check(library_.find<int(int*)>("cuDriverGetVersion")(&version), "cuDriverGetVersion");
    return version;
  }

  // Major and minor in one number, 90 for sm_90.
  int capability(int device) const {
    constexpr int kMajor = 75, kMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR
    return 10 * attribute(kMajor, device) + attribute(kMinor, device);
  }

  void* load(const void* cubin, const std::string& name) const {
    void *module = nullptr, *function = nullptr;
    check(library_.find<int(void**, const void*)>("cuModuleLoadData")(&module, cubin), "cuModuleLoadData");
    check(library_.find<int(void**, void*, const char*)>("cuModuleGetFunction")(&function, module, name.c_str()),
          "cuModuleGetFunction " + name);
    return function;
  }

  // Queued on the stream on which libtorch queues its own kernels, so the two see each other's results in order.
  void launch(void* function, unsigned grid, unsigned block, std::vector<void*>& arguments, int device) const {
    void* stream = nullptr;
    check(torch_.find<int(int, void**)>("aoti_torch_get_current_cuda_stream")(device, &stream), "the current stream");
    using Launch = int(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
    check(library_.find<Launch>("cuLaunchKernel")(function, grid, 1, 1, block, 1, 1, 0, stream, arguments.data(), nullptr),
          "cuLaunchKernel");
  }

 private:
  Driver() { check(library_.find<int(unsigned)>("cuInit")(0), "cuInit"); }

  int attribute(int which, int device) const {
    int value = 0;
    check(library_.find<int(int*, int, int)>("cuDeviceGetAttribute")(&value, which, device), "cuDeviceGetAttribute");
    return value;
  }

  void check(int result, const std::string& what) const {
    if (result == 0) return;
    const char* words = nullptr;
    library_.find<int(int, const char**)>("cuGetErrorString")(result, &words);
    throw std::runtime_error(what + ": " + (words ? words : "error " + std::to_string(result)));
  }
};

}  // namespace reasontune
