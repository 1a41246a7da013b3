import { beforeAll, describe, expect, it } from 'vitest';
import { locateAddon } from '../../native/locate.js';
import { cudaAttention, cudaGradient } from '../../tensor/attention/cuda-kernels.js';
import { type AttentionShape, everything } from '../../tensor/attention/shape.js';
import { type Addon, type Handle, loadAddon } from '../../tensor/torch/addon.js';
import { Aten } from '../../tensor/torch/aten.js';
import { largestDifference } from '../support/close.js';
import { fakeCuda, parseSchema } from './fake-cuda.js';

// No GPU here: what is held is that the operators are called as torch 2.4 and 2.15 declare them, and that with kernels
// which compute what those are documented to compute the result is attention's, and its gradients are.

const optional = 'float? scale=None, SymInt? window_size_left=None, SymInt? window_size_right=None';
const flashForward = (more: string): string =>
  `_flash_attention_forward(Tensor query, Tensor key, Tensor value, Tensor? cum_seq_q, Tensor? cum_seq_k, SymInt max_q, SymInt max_k, float dropout_p, bool is_causal, bool return_debug_mask, *, ${optional}, Tensor? seqused_k=None, Tensor? alibi_slopes=None${more}) -> (Tensor)`;
const flashBackward = (states: string): string =>
  `_flash_attention_backward(Tensor grad_out, Tensor query, Tensor key, Tensor value, Tensor out, Tensor logsumexp, Tensor cum_seq_q, Tensor cum_seq_k, SymInt max_q, SymInt max_k, float dropout_p, bool is_causal, ${states}, *, ${optional}) -> (Tensor)`;
const efficient = [
  '_efficient_attention_forward(Tensor query, Tensor key, Tensor value, Tensor? bias, Tensor? cu_seqlens_q, Tensor? cu_seqlens_k, SymInt? max_seqlen_q, SymInt? max_seqlen_k, float dropout_p, int custom_mask_type, bool compute_log_sumexp=False, *, float? scale=None, Tensor? seqlen_k=None, int? window_size=None) -> (Tensor)',
  '_efficient_attention_backward(Tensor grad_out_, Tensor query, Tensor key, Tensor value, Tensor? bias, Tensor out, Tensor? cu_seqlens_q, Tensor? cu_seqlens_k, SymInt max_seqlen_q, SymInt max_seqlen_k, Tensor logsumexp, float dropout_p, Tensor philox_seed, Tensor philox_offset, int custom_mask_type, bool bias_requires_grad, *, float? scale=None, int? num_splits_key=None, int? window_size=None, bool shared_storage_dqdkdv=False) -> (Tensor)',
];
const versions = {
  '2.4': [flashForward(''), flashBackward('Tensor philox_seed, Tensor philox_offset'), ...efficient],
  '2.15': [
    flashForward(', Tensor? block_table=None, int? num_splits=None'),
    flashBackward('Tensor rng_state, Tensor unused'),
    ...efficient,
  ],
};

const offsets = Int32Array.from([0, 5, 6, 13]);
const tokens = 13;
const plain: AttentionShape = { heads: 2, kvHeads: 2, width: 8, offsets, causal: false, window: everything };
const shapes: Record<string, AttentionShape> = {
  plain,
  causal: { ...plain, causal: true },
  grouped: { ...plain, heads: 4, causal: true },
  windowed: { ...plain, window: [2, 1] },
  'widely windowed': { ...plain, window: [6, 6] },
  'grouped, causal, windowed': { ...plain, heads: 4, kvHeads: 1, causal: true, window: [3, -1] },
};

let cpu: Addon;
beforeAll(() => {
  cpu = loadAddon(locateAddon() as string);
});

function values(seed: number, columns: number): Float32Array {
  return Float32Array.from({ length: tokens * columns }, (_, i) => Math.sin(1.7 * i + seed * 12.3 + (i % 7)));
}

/** Result and gradients, or null where no kernel serves. */
function run(addon: Addon, shape: AttentionShape): { out: Float32Array; grads: Float32Array[] } | null {
  const aten = new Aten(addon, 'cpu');
  const [wide, narrow] = [shape.heads * shape.width, shape.kvHeads * shape.width];
  const [q, k, v, dy] = [wide, narrow, narrow, wide].map((columns, i) =>
    aten.from(values(i, columns), [tokens, columns]),
  ) as [Handle, Handle, Handle, Handle];
  const made = cudaAttention(aten, { q, k, v }, shape);
  const grads = made && cudaGradient(aten, dy, { q, k, v }, made, shape);
  const read = (handle: Handle): Float32Array => addon.toArray(handle) as Float32Array;
  const result = made && grads && { out: read(made[0]), grads: grads.map(read) };
  aten.close();
  return result;
}

/** The same from the definition, in double precision. */
function reference(shape: AttentionShape): { out: number[]; grads: number[][] } {
  const { heads, kvHeads, width, causal, window } = shape;
  const [left, right] = window.map((reach) => (reach < 0 ? tokens : reach)) as [number, number];
  const [wide, narrow] = [heads * width, kvHeads * width];
  const [q, k, v, dy] = [wide, narrow, narrow, wide].map((columns, i) => values(i, columns)) as Float32Array[];
  const out = new Array<number>(tokens * wide).fill(0);
  const grads = [wide, narrow, narrow].map((columns) => new Array<number>(tokens * columns).fill(0));
  const scale = width ** -0.5;
  for (let s = 0; s + 1 < offsets.length; s++) {
    for (let h = 0; h < heads; h++) {
      const own = Math.floor(h / (heads / kvHeads));
      for (let i = offsets[s]!; i < offsets[s + 1]!; i++) {
        const seen: number[] = [];
        for (let j = offsets[s]!; j < offsets[s + 1]!; j++) {
          if (!(causal && j > i) && i - j <= left && j - i <= right) seen.push(j);
        }
        const row = (x: Float32Array, t: number, columns: number, head: number): Float32Array =>
          x.subarray(t * columns + head * width, t * columns + (head + 1) * width);
        const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, c) => sum + x * b[c]!, 0);
        const powers = seen.map((j) => Math.exp(scale * dot(row(q!, i, wide, h), row(k!, j, narrow, own))));
        const total = powers.reduce((a, b) => a + b, 0);
        const weights = powers.map((p) => p / total);
        const dWeights = seen.map((j) => dot(row(dy!, i, wide, h), row(v!, j, narrow, own)));
        const along = weights.reduce((sum, w, n) => sum + w * dWeights[n]!, 0);
        seen.forEach((j, n) => {
          const dScore = weights[n]! * (dWeights[n]! - along) * scale;
          for (let c = 0; c < width; c++) {
            const [at, there] = [i * wide + h * width + c, j * narrow + own * width + c];
            out[at]! += weights[n]! * v![there]!;
            grads[0]![at]! += dScore * k![there]!;
            grads[1]![there]! += dScore * q![at]!;
            grads[2]![there]! += weights[n]! * dy![at]!;
          }
        });
      }
    }
  }
  return { out, grads };
}

describe('attention on CUDA', () => {
  const cases = Object.keys(shapes).flatMap((name) => [['bfloat16', name] as const, ['float32', name] as const]);

  it.each(cases)('calls %s kernels for %s attention as torch declares them, and gives its numbers', (type, name) => {
    const shape = shapes[name]!;
    const { addon, calls } = fakeCuda(cpu, type);
    const made = run(addon, shape);
    if (type === 'float32' && name.endsWith('windowed') && !name.startsWith('widely')) {
      expect(made).toBeNull();
      expect(calls).toEqual([]);
      return;
    }
    const wanted = reference(shape);
    expect(largestDifference(made!.out, wanted.out)).toBeLessThan(2e-6);
    made!.grads.forEach((grad, i) => {
      expect(largestDifference(grad, wanted.grads[i]!)).toBeLessThan(5e-6);
    });
    expect(calls.map(({ operator }) => operator)).toEqual(
      ['forward', 'backward'].map((way) => `aten::_${type === 'float32' ? 'efficient' : 'flash'}_attention_${way}`),
    );
    for (const declared of Object.values(versions)) {
      for (const { operator, positional, named } of calls) {
        const schema = declared.map(parseSchema).find((one) => one.operator === operator)!;
        expect(positional.length, operator).toBe(schema.positional.length);
        for (const key of Object.keys(named)) expect(schema.named, `${operator}(${key})`).toHaveProperty(key);
      }
    }
  });

  it('passes offsets as int32, the longest length twice, no dropout, and the window by name', () => {
    const { addon, calls } = fakeCuda(cpu, 'bfloat16');
    run(addon, shapes['grouped, causal, windowed']!);
    for (const { operator, positional, named, offsets: given } of calls) {
      const at = operator.endsWith('forward') ? 3 : 6;
      expect(given).toEqual([...offsets]);
      expect(positional[at + 1]).toBe(positional[at]);
      expect(positional.slice(at + 2, at + 6)).toEqual([7, 7, 0, true]);
      expect(named).toEqual({ window_size_left: 3, window_size_right: 0 });
    }
  });

  it('gives flash its grouped heads as they are, and the efficient kernel a batch of one with a key head each', () => {
    const shape = shapes.grouped!;
    const [flash, efficient] = (['bfloat16', 'float32'] as const).map((type) => {
      const { addon, calls } = fakeCuda(cpu, type);
      run(addon, shape);
      return calls.map((call) => call.shapes);
    });
    const [wide, narrow] = [
      [tokens, 4, 8],
      [tokens, 2, 8],
    ];
    expect(flash!.map((call) => call.slice(0, 3))).toEqual([
      [wide, narrow, narrow],
      [wide, wide, narrow],
    ]);
    const one = [1, tokens, 4, 8];
    expect(efficient!.map((call) => call.slice(0, 4))).toEqual([
      [one, one, one, null],
      [one, one, one, one],
    ]);
  });

  it("agrees with this torch's own declaration", () => {
    for (const schema of versions['2.15']) {
      const { operator, positional, named } = parseSchema(schema);
      const known = cpu.describe(operator);
      if (cpu.version.startsWith('2.15')) expect(known?.arguments).toEqual([...positional, ...Object.keys(named)]);
      if (process.env.REASONTUNE_CHECK_CUDA === '1') expect(known?.cuda).toBe(true);
      expect(known?.arguments.length).toBeGreaterThanOrEqual(positional.length);
    }
  });

  it.each([
    ['bfloat16 heads that are no multiple of 8 wide', 'bfloat16', { width: 12 }],
    ['bfloat16 heads wider than 256', 'bfloat16', { width: 264 }],
    ['float32 heads that are no multiple of 4 wide', 'float32', { width: 6 }],
    ['whole numbers', 'int32', {}],
  ] as const)('leaves %s to the composition', (_name, type, odd) => {
    const { addon, calls } = fakeCuda(cpu, type);
    expect(run(addon, { ...plain, ...odd })).toBeNull();
    expect(calls).toEqual([]);
  });
});
