import { add, mean, mul, rsqrt, square, sub, sum, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { defineOperation, type Operation } from './operation.js';

interface Attributes {
  readonly eps: number;
  readonly width: number;
  readonly biased: boolean;
}

type LayerNorm = Operation<'x' | 'gain', Attributes, 'bias'>;

const forward: NonNullable<LayerNorm['torch']> = (aten, { x, gain, bias }, { eps, width }) =>
  aten.many('aten::native_layer_norm', [x, [width], gain, bias ?? null, eps]);

const backward: NonNullable<LayerNorm['gradient']['torch']> = (
  aten,
  dy,
  { x, gain },
  [, center, inverse],
  { width, biased },
) => {
  // libtorch takes the bias for its shape alone, and the gain has the same.
  const like = biased ? gain : null;
  const mask = [true, true, biased];
  const made = aten.many('aten::native_layer_norm_backward', [dy, x, [width], center!, inverse!, gain, like, mask]);
  return biased ? made : made.slice(0, 2);
};

const operation = defineOperation<'x' | 'gain', Attributes, 'bias'>({
  name: 'LayerNorm',
  results: 3,
  compose: ({ x, gain, bias }, { eps }) => {
    const center = mean(x, 1, true);
    const centered = sub(x, center);
    const inverse = rsqrt(add(mean(square(centered), 1, true), eps));
    const scaled = mul(mul(centered, inverse), gain);
    return [bias ? add(scaled, bias) : scaled, center, inverse];
  },
  torch: forward,
  // The CPU's kernel takes float32 gains with bfloat16 rows; CUDA's wants one type. Its statistics are float32 either way.
  cuda: {
    forward: (aten, { x, gain, bias }, attrs) =>
      forward(aten, { x, gain: aten.as(gain, x), ...(bias && { bias: aten.as(bias, x) }) }, attrs),
    gradient: (aten, dy, { x, gain }, y, attrs) => {
      const [dx, ...rest] = backward(aten, dy, { x, gain: aten.as(gain, x) }, y, attrs);
      return [dx!, ...rest.map((gradient) => aten.as(gradient, gain))];
    },
  },
  gradient: {
    of: ['x', 'gain', 'bias'],
    inputs: ['x', 'gain'],
    outputs: true,
    compose: (dy, { x, gain }, [, center, inverse], { biased }) => {
      const normalized = mul(sub(x, center!), inverse!);
      const scaled = mul(dy, gain);
      const alongMean = mean(scaled, 1, true);
      const alongSelf = mul(normalized, mean(mul(scaled, normalized), 1, true));
      const dx = mul(sub(sub(scaled, alongMean), alongSelf), inverse!);
      return [dx, sum(mul(dy, normalized), 0), ...(biased ? [sum(dy, 0)] : [])];
    },
    torch: backward,
  },
});

/**
 * Layer normalization of each row of x [tokens, width] (Ba et al. 2016), biased variance, with gain [width] and, if any,
 * bias [width].
 */
export function layerNorm(x: Tensor2D, gain: Tensor1D, bias: Tensor1D | null, eps: number): Tensor2D {
  const attrs = { eps, width: x.shape[1], biased: bias !== null };
  return operation(bias ? { x, gain, bias } : { x, gain }, attrs) as Tensor2D;
}
