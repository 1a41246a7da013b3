import { add, div, erf, exp, mul, neg, square, type Tensor } from '@tensorflow/tfjs-core';

/** Φ(x), the standard normal distribution's share below x, elementwise. */
export function normalBelow(x: Tensor): Tensor {
  return mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
}

/** φ(x), its density. */
export function normalDensity(x: Tensor): Tensor {
  return div(exp(neg(mul(square(x), 0.5))), Math.sqrt(2 * Math.PI));
}
