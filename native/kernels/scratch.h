#pragma once

#include <cstdint>
#include <vector>

namespace reasontune {

/** Memory that grows and is used again from task to task. */
template <typename Unit>
struct Scratch {
  std::vector<Unit> held;
  /** With whatever is there: for what is written whole before it is read, or read for rows that nobody looks at. */
  Unit* room(int64_t size) {
    // Not resize: of a vector of uint32_t Node has its own, which AddressSanitizer does not see the ends of.
    if (static_cast<size_t>(size) > held.size()) return zeros(size);
    held.erase(held.begin() + size, held.end());
    return held.data();
  }
  Unit* zeros(int64_t size) {
    held.assign(static_cast<size_t>(size), Unit{});
    return held.data();
  }
};

}  // namespace reasontune
