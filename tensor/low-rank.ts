import { add, matMul, mul, type Tensor2D, transpose } from '@tensorflow/tfjs-core';
import { defineOperation } from './operation.js';

const operation = defineOperation<'base' | 'x' | 'down' | 'up', { scale: number }>({
  name: 'LowRank',
  compose: ({ base, x, down, up }, { scale }) => {
    const low = matMul(x as Tensor2D, transpose(down) as Tensor2D);
    return [add(base, mul(matMul(low, transpose(up) as Tensor2D), scale))];
  },
  torch: (aten, { base, x, down, up }, { scale }) => {
    const low = aten.one('aten::linear', [x, down]);
    return [aten.one('aten::addmm', [base, low, aten.one('aten::t', [up])], { alpha: scale })];
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
  },
});

/**
 * base + scale · (x · downᵀ) · upᵀ: what LoRA (Hu et al. 2021) adds to a projection. base [tokens, out], x [tokens, in],
 * down [rank, in], up [out, rank].
 */
export function lowRank(base: Tensor2D, x: Tensor2D, down: Tensor2D, up: Tensor2D, scale: number): Tensor2D {
  return operation({ base, x, down, up }, { scale }) as Tensor2D;
}
