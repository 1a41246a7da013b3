// Takes and gives back blocks by chance: each holds what was written to it as long as it is out, whatever else comes and
// goes. Exits with 1 where one does not, or where memory is not used again. No libtorch.
#include "../../../native/blocks.h"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

using reasontune::Blocks;

constexpr size_t kMiB = size_t{1} << 20;
bool failed = false;

void expect(bool holds, const char* what) {
  if (!holds) std::printf("%s\n", what);
  failed = failed || !holds;
}

struct Block {
  unsigned char* at;
  size_t size;
  unsigned char mark;

  void write() const { std::memset(at, mark, size); }
  bool whole() const {
    for (size_t i = 0; i < size; ++i) {
      if (at[i] != mark) return false;
    }
    return true;
  }
};

void by_chance(unsigned seed) {
  Blocks blocks(8 * kMiB);
  std::mt19937 random(seed);
  std::vector<Block> out;
  size_t used = 0, most = 0;
  for (int turn = 0; turn < 4000; ++turn) {
    // Sizes over four powers of ten; now and then one that is larger than a chunk.
    const size_t size = turn % 500 == 499 ? 9 * kMiB : size_t{1} << (random() % 20);
    if (random() % 2 && used < 48 * kMiB) {
      const Block made{static_cast<unsigned char*>(blocks.take(size)), size, static_cast<unsigned char>(random())};
      expect(made.at != nullptr, "there is memory");
      expect(reinterpret_cast<uintptr_t>(made.at) % 64 == 0, "a block begins where a vector may");
      made.write();
      out.push_back(made);
      used += size;
      most = used > most ? used : most;
    } else if (!out.empty()) {
      const size_t which = random() % out.size();
      expect(out[which].whole(), "a block keeps what was written to it");
      expect(blocks.release(out[which].at), "a block is known");
      used -= out[which].size;
      out[which] = out.back();
      out.pop_back();
    }
  }
  for (const Block& block : out) expect(block.whole() && blocks.release(block.at), "the last blocks are whole and known");
  int stray = 0;
  expect(!blocks.release(&stray), "memory of others is not taken for a block");
}

/** All that was given back is one piece again, whatever the order: a block of the chunk's size needs no further chunk. */
void joined() {
  for (const auto& order : {std::vector{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}}) {
    Blocks blocks(6 * kMiB);
    void* parts[3];
    for (auto& part : parts) part = blocks.take(2 * kMiB);
    const size_t before = blocks.held();
    for (const int i : order) blocks.release(parts[i]);
    void* whole = blocks.take(6 * kMiB);
    expect(whole && blocks.held() == before, "neighbours are joined");
    expect(blocks.release(whole), "the whole is known");
  }
}

/** Blocks that grow, each larger than a chunk: what the last one lay in is given back. */
void grown() {
  Blocks blocks(4 * kMiB);
  for (size_t size = 5; size < 40; size += 3) {
    void* block = blocks.take(size * kMiB);
    expect(block && blocks.held() <= (size + 2) * kMiB, "a chunk that does not serve is given back");
    blocks.release(block);
  }
  expect(blocks.take(size_t{1} << 60) == nullptr, "what no system has is refused");
}

int main() {
  for (unsigned seed = 1; seed <= 3; ++seed) by_chance(seed);
  joined();
  grown();
  if (!failed) std::printf("blocks hold\n");
  return failed;
}
