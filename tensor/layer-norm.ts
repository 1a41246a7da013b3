import { add, mean, mul, rsqrt, square, sub, sum, type Tensor1D, type Tensor2D } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

const operation = defineOperation<'x' | 'gain' | 'bias', { eps: number; width: number }>({
  name: 'LayerNorm',
  results: 3,
  compose: ({ x, gain, bias }, { eps }) => {
    const center = mean(x, 1, true);
    const centered = sub(x, center);
    const inverse = rsqrt(add(mean(square(centered), 1, true), eps));
    return [add(mul(mul(centered, inverse), gain), bias), center, inverse];
  },
  torch: (aten, { x, gain, bias }, { eps, width }) =>
    aten.many('aten::native_layer_norm', [x, [width], gain, bias, eps]),
  gradient: {
    of: ['x', 'gain', 'bias'],
    // `bias` is not read, but libtorch's kernel decides by it whether its gradient is wanted.
    inputs: ['x', 'gain', 'bias'],
    outputs: true,
    compose: (dy, { x, gain }, [, center, inverse]) => {
      const normalized = mul(sub(x, center!), inverse!);
      const scaled = mul(dy, gain);
      const alongMean = mean(scaled, 1, true);
      const alongSelf = mul(normalized, mean(mul(scaled, normalized), 1, true));
      return [mul(sub(sub(scaled, alongMean), alongSelf), inverse!), sum(mul(dy, normalized), 0), sum(dy, 0)];
    },
    torch: (aten, dy, { x, gain, bias }, [, center, inverse], { width }) =>
      aten.many('aten::native_layer_norm_backward', [
        dy,
        x,
        [width],
        center as never,
        inverse as never,
        gain,
        bias,
        [true, true, true],
      ]),
  },
});

/** Layer normalization of each row of x [tokens, width] (Ba et al. 2016), biased variance, with gain and bias [width]. */
export function layerNorm(x: Tensor2D, gain: Tensor1D, bias: Tensor1D, eps: number): Tensor2D {
  return operation({ x, gain, bias }, { eps, width: x.shape[1] }) as Tensor2D;
}
