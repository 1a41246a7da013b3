// What an accelerator needs beside its operators: copies that do not stop the host, the allocator's numbers, settings
// of its arithmetic. Device-generic: no CUDA header is read, so that one source serves every libtorch.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/api/include/torch/version.h>
#if __has_include(<c10/core/CachingDeviceAllocator.h>)
#include <c10/core/CachingDeviceAllocator.h>
#endif

#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

// at::getDeviceAllocator(type)->getDeviceStats came with 2.9; before it the numbers stood in a CUDA header.
#define REASONTUNE_HAS_ALLOCATOR_STATS (TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 9)

namespace reasontune {

// Host values as a tensor on a device. From pinned memory the copy is queued on the device's current stream and this
// returns at once; the pinned block is not used again before the copy is through (libtorch's host allocator sees to it).
inline at::Tensor upload(const void* bytes, size_t size, at::IntArrayRef dims, at::ScalarType type, at::Device device) {
  const bool on_host = device.is_cpu();
  auto host = at::empty(dims, at::TensorOptions().dtype(type).pinned_memory(!on_host && size > 0));
  if (size > 0) std::memcpy(host.data_ptr(), bytes, size);
  return on_host ? host : host.to(device, /*non_blocking=*/true);
}

// A copy of a tensor on the host, in progress: `wait` may be called on any thread.
class Download {
 public:
  explicit Download(const at::Tensor& tensor) : host_(tensor) {
    if (tensor.is_cpu()) {
      // In-place operators that run before the values are taken must not show in them.
      host_ = tensor.clone(at::MemoryFormat::Contiguous);
      return;
    }
    host_ = at::empty(tensor.sizes(), tensor.options().device(at::kCPU).pinned_memory(tensor.numel() > 0));
    host_.copy_(tensor, /*non_blocking=*/true);
    event_.emplace(tensor.device().type());
    event_->record(c10::impl::VirtualGuardImpl(tensor.device().type()).getStream(tensor.device()));
  }

  void wait() const {
    while (event_ && !event_->query()) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }

  const at::Tensor& host() const { return host_; }

 private:
  at::Tensor host_;
  std::optional<c10::Event> event_;
};

struct Memory {
  int64_t allocated;
  int64_t peak;
  int64_t reserved;
};

// Bytes that libtorch's allocator holds for tensors now, held at most since the last reset, and has taken from the
// device. Nothing for the CPU, which has no such allocator, and for a torch that does not say.
inline std::optional<Memory> memory_of([[maybe_unused]] at::Device device) {
#if REASONTUNE_HAS_ALLOCATOR_STATS
  if (device.is_cpu()) return std::nullopt;
  const auto stats = at::getDeviceAllocator(device.type())->getDeviceStats(device.has_index() ? device.index() : 0);
  const auto all = static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  const auto& allocated = stats.allocated_bytes[all];
  return Memory{allocated.current, allocated.peak, stats.reserved_bytes[all].current};
#else
  return std::nullopt;
#endif
}

inline void reset_peak_of([[maybe_unused]] at::Device device) {
#if REASONTUNE_HAS_ALLOCATOR_STATS
  if (!device.is_cpu()) at::getDeviceAllocator(device.type())->resetPeakStats(device.has_index() ? device.index() : 0);
#endif
}

// float32 matrix products in TF32: 10 bits of mantissa in place of 23.
inline void set_tf32(bool allowed) {
  at::globalContext().setAllowTF32CuBLAS(allowed);
  at::globalContext().setAllowTF32CuDNN(allowed);
}

// bfloat16 matrix products that add partial sums in bfloat16. PyTorch allows it unless told otherwise.
inline void set_reduced_bfloat16_sums(bool allowed) { at::globalContext().setAllowBF16ReductionCuBLAS(allowed); }

// Operators that have a deterministic form use it, the others throw.
inline void set_deterministic(bool wanted) { at::globalContext().setDeterministicAlgorithms(wanted, false); }

}  // namespace reasontune
