import { add, matMul, mul, type Tensor2D, transpose } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';
import { product, turned } from './torch/product.js';

const operation = defineOperation<'base' | 'x' | 'down' | 'up', { scale: number }>({
  name: 'LowRank',
  compose: ({ base, x, down, up }, { scale }) => {
    const low = matMul(x as Tensor2D, transpose(down) as Tensor2D);
    return [add(base, mul(matMul(low, transpose(up) as Tensor2D), scale))];
  },
  torch: (aten, { base, x, down, up }, { scale }) => {
    const low = product(aten, x, aten.as(down, x));
    return [aten.one('aten::addmm', [base, low, aten.one('aten::t', [aten.as(up, base)])], { alpha: scale })];
  },
  gradient: {
    of: ['base', 'x', 'down', 'up'],
    inputs: ['x', 'down', 'up'],
    outputs: false,
    compose: (dy, { x, down, up }, _y, { scale }) => {
      const scaled = mul(dy, scale) as Tensor2D;
      const dLow = matMul(scaled, up as Tensor2D);
      const low = matMul(x as Tensor2D, transpose(down) as Tensor2D);
      return [
        dy.clone(),
        matMul(dLow, down as Tensor2D),
        matMul(transpose(dLow) as Tensor2D, x as Tensor2D),
        matMul(transpose(scaled) as Tensor2D, low),
      ];
    },
    torch: (aten, dy, { x, down, up }, _y, { scale }) => {
      const scaled = aten.one('aten::mul.Scalar', [dy, scale]);
      const [narrow, wide] = [aten.as(down, dy), aten.as(up, dy)];
      const dLow = product(aten, scaled, turned(aten, wide));
      const low = product(aten, x, narrow);
      return [
        aten.one('aten::alias', [dy]),
        product(aten, dLow, turned(aten, narrow)),
        aten.as(product(aten, turned(aten, dLow), turned(aten, x)), down),
        aten.as(product(aten, turned(aten, scaled), turned(aten, low)), up),
      ];
    },
  },
});

/**
 * base + scale · (x · downᵀ) · upᵀ: what LoRA (Hu et al. 2021) adds to a projection. base [tokens, out], x [tokens, in],
 * down [rank, in], up [out, rank].
 */
export function lowRank(base: Tensor2D, x: Tensor2D, down: Tensor2D, up: Tensor2D, scale: number): Tensor2D {
  return operation({ base, x, down, up }, { scale }) as Tensor2D;
}
