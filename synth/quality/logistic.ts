import type { Rows } from '../../retrieval/dense.js';

/** A fitted logistic regression: the probability of row x is 1 / (1 + exp(−(weights · x + bias))). */
export interface Logistic {
  readonly weights: Float64Array;
  readonly bias: number;
}

// How much the examples count against the weights' size: scikit-learn's C.
const C = 10;
const TOLERANCE = 1e-6;
const MOST_STEPS = 20_000;

/**
 * Fits a logistic regression with an L2 penalty: the least ½ |w|² + C Σ log(1 + exp(−y (w · x + b))), the bias free, as
 * scikit-learn has it. By Nesterov's accelerated gradient with restarts (O'Donoghue & Candès 2015).
 * @param rows one example a row; @param good its label
 */
export function fitLogistic({ values, width }: Rows, good: readonly boolean[]): Logistic {
  // The bias is one more weight, on a number that is 1 in every row.
  const size = width + 1;
  let squares = 0;
  for (let i = 0; i < good.length * width; i++) squares += values[i]! ** 2;
  const step = 1 / (1 + (C / 4) * (squares + good.length));
  let at = new Float64Array(size);
  let ahead = at.slice();
  let momentum = 1;
  for (let s = 0; s < MOST_STEPS; s++) {
    const gradient = gradientAt(ahead);
    if (Math.hypot(...gradient) < TOLERANCE * good.length) break;
    const next = ahead.map((weight, i) => weight - step * gradient[i]!);
    // Uphill: the momentum is of no more use.
    const uphill = gradient.reduce((sum, g, i) => sum + g * (next[i]! - at[i]!), 0) > 0;
    const after = uphill ? 1 : (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
    const share = uphill ? 0 : (momentum - 1) / after;
    ahead = next.map((weight, i) => weight + share * (weight - at[i]!));
    [at, momentum] = [next, after];
  }
  return { weights: at.subarray(0, width), bias: at[width]! };

  function gradientAt(w: Float64Array): Float64Array<ArrayBuffer> {
    const gradient = w.slice();
    gradient[width] = 0;
    for (let row = 0; row < good.length; row++) {
      const error =
        C * (probability({ weights: w.subarray(0, width), bias: w[width]! }, values, row) - Number(good[row]));
      for (let i = 0; i < width; i++) gradient[i]! += error * values[row * width + i]!;
      gradient[width]! += error;
    }
    return gradient;
  }
}

/** The probability that row `row` of `values` is good. */
export function probability({ weights, bias }: Logistic, values: Float32Array, row: number): number {
  let sum = bias;
  const { length } = weights;
  for (let i = 0; i < length; i++) sum += weights[i]! * values[row * length + i]!;
  return 1 / (1 + Math.exp(-sum));
}
