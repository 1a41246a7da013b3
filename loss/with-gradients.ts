import { customGrad, mul, type Scalar, type Tensor, type Tensor2D, tidy } from '@tensorflow/tfjs-core';

export interface WithGradients {
  readonly value: Scalar;
  readonly queries: Tensor2D;
  readonly documents: Tensor2D;
}

/**
 * The value of a loss that makes its gradients in the forward pass (as torch's linear_cross_entropy does): they are all
 * that it keeps for the backward pass, and no score is computed twice.
 */
export function withGradients(
  queries: Tensor2D,
  documents: Tensor2D,
  compute: (queries: Tensor2D, documents: Tensor2D) => WithGradients,
): Scalar {
  const loss = customGrad((...given) => {
    const [q, d, save] = given as unknown as [Tensor2D, Tensor2D, (kept: Tensor[]) => void];
    const made = tidy(() => ({ ...compute(q, d) }));
    save([made.queries, made.documents]);
    return {
      value: made.value,
      gradFunc: (dy: Tensor, kept: Tensor[]) => kept.map((gradient) => mul(gradient, dy)),
    };
  });
  return loss(queries, documents) as Scalar;
}
