// A store of large blocks of memory that is kept and cut anew: the smallest free piece that fits is taken, pieces that
// become free are joined with free neighbours. Steps of a training run, each of its own lengths, live in one memory so.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

namespace reasontune {

class Blocks {
 public:
  /** Address space is asked for in chunks; of a chunk only what has been written to takes memory. */
  explicit Blocks(size_t chunk = size_t{1} << 30) : chunk_(chunk) {}

  /** Null where the system has no more. The caller has but one thread in here at a time. */
  void* take(size_t bytes) {
    const size_t size = round_up(std::max(bytes, kGrain), kGrain);
    auto fit = by_size_.lower_bound({size, nullptr});
    if (fit == by_size_.end()) {
      give_back();
      if (!ask_for(size)) return nullptr;
      fit = by_size_.lower_bound({size, nullptr});
    }
    const auto [free, at] = *fit;
    remove(at, free);
    if (free > size) add(at + size, free - size);
    used_.emplace(at, size);
    return at;
  }

  /** Whether the block was one of these; it is free then. */
  bool release(void* block) {
    const auto found = used_.find(static_cast<char*>(block));
    if (found == used_.end()) return false;
    char* at = found->first;
    size_t size = found->second;
    used_.erase(found);
    const auto after = free_.find(at + size);
    if (after != free_.end() && !chunks_.contains(at + size)) {
      size += after->second;
      remove(after->first, after->second);
    }
    const auto next = free_.lower_bound(at);
    if (next != free_.begin() && !chunks_.contains(at)) {
      const auto [before, its] = *std::prev(next);
      if (before + its == at) {
        remove(before, its);
        at = before;
        size += its;
      }
    }
    add(at, size);
    return true;
  }

  /** Bytes asked of the system and not given back. */
  size_t held() const {
    size_t all = 0;
    for (const auto& [at, size] : chunks_) all += size;
    return all;
  }

 private:
  static constexpr size_t kGrain = size_t{1} << 14;
  static constexpr size_t kPage = size_t{1} << 21;

  const size_t chunk_;
  std::map<char*, size_t> chunks_{};
  std::map<char*, size_t> free_{};
  std::set<std::pair<size_t, char*>> by_size_{};
  std::unordered_map<char*, size_t> used_{};

  static size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

  void add(char* at, size_t size) {
    free_.emplace(at, size);
    by_size_.emplace(size, at);
  }

  void remove(char* at, size_t size) {
    free_.erase(at);
    by_size_.erase({size, at});
  }

  /** A chunk, or what is wanted alone where the system does not give as much. */
  bool ask_for(size_t size) {
    return ask_for_exactly(round_up(std::max(size, chunk_), kPage)) || ask_for_exactly(round_up(size, kPage));
  }

  bool ask_for_exactly(size_t asked) {
    // Without MAP_NORESERVE: what no machine has is refused here, and does not end the process when it is written to.
    void* made = mmap(nullptr, asked, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED) return false;
    // Pages of 2 MiB: a five-hundredth of the faults.
    madvise(made, asked, MADV_HUGEPAGE);
    chunks_.emplace(static_cast<char*>(made), asked);
    add(static_cast<char*>(made), asked);
    return true;
  }

  /** Chunks that nothing uses and that are too small for what is wanted. */
  void give_back() {
    for (auto chunk = chunks_.begin(); chunk != chunks_.end();) {
      const auto [at, size] = *chunk;
      const auto whole = free_.find(at);
      if (whole == free_.end() || whole->second != size) {
        ++chunk;
        continue;
      }
      remove(at, size);
      munmap(at, size);
      chunk = chunks_.erase(chunk);
    }
  }
};

}  // namespace reasontune
