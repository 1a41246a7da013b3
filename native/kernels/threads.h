#pragma once

#include <atomic>
#include <cstdint>
#include <exception>

// The thread pool that libtorch itself computes in, called by its C name: compiling with -fopenmp would tie the addon to
// the compiler's own pool, which need not be that one. Weak: without it, one thread does the work.
extern "C" void GOMP_parallel(void (*work)(void*), void* data, unsigned threads, unsigned flags) __attribute__((weak));

namespace reasontune {

/**
 * Runs tasks 0 … count − 1, whichever thread is free taking the next. Each thread works with its own copy of `work`,
 * whose members are its scratch memory.
 */
template <typename Work>
void for_each_task(int64_t count, const Work& work) {
  struct Shared {
    const Work& work;
    int64_t count;
    std::atomic<int64_t> next{0};
    std::atomic_flag failed = ATOMIC_FLAG_INIT;
    std::exception_ptr error{};
  } shared{work, count};
  const auto run = [](void* data) {
    auto& all = *static_cast<Shared*>(data);
    try {
      Work mine = all.work;
      for (int64_t task = all.next++; task < all.count; task = all.next++) mine(task);
    } catch (...) {
      if (!all.failed.test_and_set()) all.error = std::current_exception();
    }
  };
  if (GOMP_parallel && count > 1) GOMP_parallel(run, &shared, 0, 0);
  else run(&shared);
  if (shared.error) std::rethrow_exception(shared.error);
}

}  // namespace reasontune
