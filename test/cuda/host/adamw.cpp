// Runs native/kernels/adamw.cu on the host. Standard input: int32 tensors, bfloat16 (0 or 1), chunks, chunk size; the
// sizes; the chunks' pairs; seven floats; then for each tensor weight, gradient, first and second moments. Standard
// output: for each tensor weight, first, second, and the bfloat16 copy.
#include "cuda.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include KERNEL

template <typename T>
std::vector<T> take(size_t count) {
  std::vector<T> values(count);
  if (std::fread(values.data(), sizeof(T), count, stdin) != count) std::exit(1);
  return values;
}

int main() {
  const auto head = take<int>(4);
  const auto sizes = take<int>(head[0]);
  const auto chunks = take<Chunk>(head[2]);
  const auto n = take<float>(7);
  std::vector<std::vector<float>> weights, firsts, seconds;
  std::vector<std::vector<unsigned short>> gradients, copies;
  std::vector<Entry> entries;
  for (const int size : sizes) {
    weights.push_back(take<float>(size));
    gradients.push_back(take<unsigned short>(head[1] ? size : 2 * size));
    firsts.push_back(take<float>(size));
    seconds.push_back(take<float>(size));
    copies.emplace_back(size);
    entries.push_back({weights.back().data(), gradients.back().data(), firsts.back().data(), seconds.back().data(),
                       copies.back().data(), size});
  }
  const auto kernel = head[1] ? adamw_bfloat16 : adamw_float32;
  launch(head[2], 32, kernel, entries.data(), chunks.data(), static_cast<long long>(head[3]), n[0], n[1], n[2], n[3],
         n[4], n[5], n[6]);
  for (size_t i = 0; i < entries.size(); ++i) {
    for (const auto* list : {&weights, &firsts, &seconds}) std::fwrite((*list)[i].data(), 4, sizes[i], stdout);
    std::fwrite(copies[i].data(), 2, sizes[i], stdout);
  }
}
