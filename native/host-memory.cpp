// Where libtorch's tensors in host memory lie. glibc gives large blocks back to the system when they are freed, so that
// every tensor of a step is paged in anew (a tenth of a step's time), or, once it has learned not to, cuts its heap into
// pieces that later tensors do not fit (three times the memory that is in use). Blocks here are kept and used again.
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#include <sys/mman.h>

#include <bit>
#include <iterator>
#include <map>
#include <mutex>
#include <unordered_map>

namespace reasontune {
namespace {

// Smaller ones are malloc's: they are served from its bins without a system call.
constexpr size_t kLarge = size_t{1} << 20;

/** Rounds up to an eighth of a power of two: tensors of about the same size, as steps have them, share blocks. */
size_t block_size(size_t bytes) {
  const size_t grain = std::bit_floor(bytes) / 8;
  return (bytes + grain - 1) / grain * grain;
}

class HostMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    if (bytes < kLarge) return small_->allocate(bytes);
    void* block = take(block_size(bytes));
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
  std::multimap<size_t, void*> free_;
  std::unordered_map<void*, size_t> sizes_;

  void* take(size_t size) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto fit = free_.lower_bound(size);
    if (fit != free_.end() && fit->first <= size + size / 4) {
      void* block = fit->second;
      free_.erase(fit);
      return block;
    }
    // What does not fit is given back for what does, so that never much more is held than was in use at once.
    for (size_t given_back = 0; given_back < size && !free_.empty();) {
      const auto largest = std::prev(free_.end());
      given_back += largest->first;
      unmap(largest->second, largest->first);
      free_.erase(largest);
    }
    void* block = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TORCH_CHECK_WITH(OutOfMemoryError, block != MAP_FAILED, "not enough host memory for ", size, " bytes");
    // Pages of 2 MiB: a five-hundredth of the faults.
    madvise(block, size, MADV_HUGEPAGE);
    sizes_.emplace(block, size);
    return block;
  }

  void unmap(void* block, size_t size) {
    sizes_.erase(block);
    munmap(block, size);
  }

  static void release(void* block) {
    auto& memory = get();
    {
      const std::lock_guard<std::mutex> lock(memory.mutex_);
      const auto large = memory.sizes_.find(block);
      if (large != memory.sizes_.end()) {
        memory.free_.emplace(large->second, block);
        return;
      }
    }
    memory.small_->raw_deleter()(block);
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
