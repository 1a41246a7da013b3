import { concat, registerGradient, SplitV, split, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';

// tfjs-core ships its gradients unregistered.
registerGradient({
  kernelName: SplitV,
  gradFunc: (dys, _saved, attrs) => ({ x: () => concat(dys as Tensor[], attrs.axis as number) }),
});

/** x [tokens, parts · n] as so many [tokens, n]: what one projection makes together. */
export function splitColumns(x: Tensor2D, parts: number): Tensor2D[] {
  return split(x, parts, 1);
}
