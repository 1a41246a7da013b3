// AdamW (Loshchilov & Hutter 2019) over a list of tensors in one pass and one launch: float32 weights and moments,
// gradients in float32 or bfloat16, scaled on the way (clipping), and, where one is wanted, a bfloat16 copy of the new
// weights. Its twin in libtorch is _foreach_mul_ then _fused_adamw_, which reads and writes the gradients once more
// and takes none in bfloat16.
//
// Self-contained: NVRTC has no headers. The test compiles it for the host.

struct Entry {
  float* weight;
  const void* gradient;
  float* first;
  float* second;
  unsigned short* copy;  // bfloat16, or null
  long long size;
};

// A block's share of one tensor.
struct Chunk {
  int tensor;
  int number;
};

struct Step {
  float gradient_scale;
  float decay;         // 1 - learning rate * weight decay
  float step_size;     // learning rate / (1 - beta1^step)
  float second_scale;  // 1 / sqrt(1 - beta2^step)
  float beta1, beta2, eps;
};

__device__ inline float load(const float* values, long long i) { return values[i]; }

__device__ inline float load(const unsigned short* values, long long i) {
  return __uint_as_float(static_cast<unsigned>(values[i]) << 16);
}

// To the nearest bfloat16, ties to even, as PyTorch rounds.
__device__ inline unsigned short to_bfloat16(float value) {
  if (value != value) return 0x7fc0;
  const unsigned bits = __float_as_uint(value);
  return static_cast<unsigned short>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

template <typename Gradient>
__device__ inline void update(const Entry* entries, const Chunk* chunks, long long chunk_size, const Step& step) {
  const Chunk chunk = chunks[blockIdx.x];
  const Entry entry = entries[chunk.tensor];
  const long long begin = chunk.number * chunk_size;
  const long long end = begin + chunk_size < entry.size ? begin + chunk_size : entry.size;
  const auto* gradients = static_cast<const Gradient*>(entry.gradient);
  for (long long i = begin + threadIdx.x; i < end; i += blockDim.x) {
    const float gradient = step.gradient_scale * load(gradients, i);
    const float first = step.beta1 * entry.first[i] + (1.0f - step.beta1) * gradient;
    const float second = step.beta2 * entry.second[i] + (1.0f - step.beta2) * gradient * gradient;
    const float weight =
        step.decay * entry.weight[i] - step.step_size * first / (sqrtf(second) * step.second_scale + step.eps);
    entry.first[i] = first;
    entry.second[i] = second;
    entry.weight[i] = weight;
    if (entry.copy) entry.copy[i] = to_bfloat16(weight);
  }
}

#define ARGUMENTS                                                                                                \
  const Entry *entries, const Chunk *chunks, long long chunk_size, float gradient_scale, float decay,            \
      float step_size, float second_scale, float beta1, float beta2, float eps
#define STEP Step{gradient_scale, decay, step_size, second_scale, beta1, beta2, eps}

extern "C" __global__ void adamw_float32(ARGUMENTS) { update<float>(entries, chunks, chunk_size, STEP); }
extern "C" __global__ void adamw_bfloat16(ARGUMENTS) { update<unsigned short>(entries, chunks, chunk_size, STEP); }
