// Where libtorch's tensors in host memory lie. glibc gives large blocks back to the system when they are freed, so that
// every tensor of a step is paged in anew (a tenth of a step's time), or, once it has learned not to, cuts its heap into
// pieces that later tensors do not fit (three times the memory that is in use). Blocks here are kept and used again.
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#include <mutex>

#include "blocks.h"

namespace reasontune {
namespace {

// Smaller ones are malloc's: below glibc's first limit for asking the system, which it would raise by what it frees.
constexpr size_t kLarge = size_t{1} << 16;

class HostMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    if (bytes < kLarge) return small_->allocate(bytes);
    void* block = take(bytes);
    TORCH_CHECK_WITH(OutOfMemoryError, block, "not enough host memory for ", bytes, " bytes");
    return {block, block, &HostMemory::release, c10::Device(c10::kCPU)};
  }
  // Of large blocks and malloc's: oneDNN frees by it whatever it was given.
  c10::DeleterFnPtr raw_deleter() const override { return &HostMemory::release; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

  static HostMemory& get() {
    // Never destroyed: tensors outlive the addon's statics when the process ends.
    static auto* memory = new HostMemory;
    return *memory;
  }

 private:
  c10::Allocator* const small_ = c10::GetDefaultCPUAllocator();
  std::mutex mutex_;
  Blocks blocks_;

  void* take(size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return blocks_.take(bytes);
  }

  bool released(void* block) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return blocks_.release(block);
  }

  static void release(void* block) {
    auto& memory = get();
    if (!memory.released(block)) memory.small_->raw_deleter()(block);
  }
};

}  // namespace

void keep_host_memory() { c10::SetCPUAllocator(&HostMemory::get(), 1); }

}  // namespace reasontune

#else

namespace reasontune {
void keep_host_memory() {}
}  // namespace reasontune

#endif
