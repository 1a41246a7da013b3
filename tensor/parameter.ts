import { keep, type Tensor } from '@tensorflow/tfjs-core';

/** A weight in training. The optimizer may change its values in place or put another tensor here. */
export interface Parameter {
  readonly name: string;
  tensor: Tensor;
}

/** A named tensor as a parameter that no tidy frees. */
export function parameter(name: string, tensor: Tensor): Parameter {
  return { name, tensor: keep(tensor) };
}

/** Puts new values in a parameter's place and frees the old ones. */
export function replace(target: Parameter, tensor: Tensor): void {
  const old = target.tensor;
  target.tensor = keep(tensor);
  old.dispose();
}
