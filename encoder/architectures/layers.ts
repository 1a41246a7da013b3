import { type Tensor, type Tensor1D, type Tensor2D, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Precision } from '../../plan/schema.js';
import { embed } from '../../tensor/embed.js';
import { layerNorm } from '../../tensor/layer-norm.js';
import { frozenLinear, linear } from '../../tensor/linear.js';
import { lower } from '../../tensor/precision.js';
import { rmsNorm } from '../../tensor/rms-norm.js';
import type { Weights } from '../weights.js';

/**
 * Through this an architecture asks for everything that its weights do, by the weights' name. What applies to any
 * architecture (weights that do not train, adapters, layers computed anew in the backward pass) is here and nowhere else.
 */
export class Layers {
  constructor(
    private readonly weights: Weights,
    private readonly precision: Precision,
  ) {}

  /** x [tokens, in] through the projection `name` → [tokens, out]; with a bias where the weights have one. */
  dense(x: Tensor2D, name: string): Tensor2D {
    const through = this.weights.trains(`${name}.weight`) ? linear : frozenLinear;
    return through(x, this.weights.get(`${name}.weight`) as Tensor2D, this.bias(name));
  }

  layerNorm(x: Tensor2D, name: string, eps: number): Tensor2D {
    return layerNorm(x, this.weights.get(`${name}.weight`) as Tensor1D, this.bias(name), eps);
  }

  /** Each group of a row of x [tokens, groups · width] by itself, where the weight is [width]. */
  rmsNorm(x: Tensor2D, name: string, eps: number): Tensor2D {
    return rmsNorm(x, this.weights.get(`${name}.weight`) as Tensor1D, eps);
  }

  /** Rows of the table `name` at ids → [ids, width]. */
  embed(name: string, ids: Int32Array): Tensor2D {
    return embed(this.weights.get(`${name}.weight`) as Tensor2D, tensor1d(ids, 'int32'));
  }

  /**
   * One layer: `body` of `inputs`, the hidden states first. `name` begins the names of the weights that it uses, and
   * every other tensor that it reads is among the inputs.
   */
  layer<T extends Tensor[]>(_name: string, inputs: [...T], body: (...inputs: T) => Tensor2D): Tensor2D {
    // A scope a layer: what the backward pass does not need is freed at the layer's end, not the network's.
    // Layers compute in the encoder's precision; what comes before them, tables and their sums, in float32.
    const [x, ...others] = inputs;
    const given = this.precision === 'bfloat16' ? [lower(x as Tensor2D), ...others] : inputs;
    return tidy(() => body(...(given as T)));
  }

  private bias(name: string): Tensor1D | null {
    return this.weights.has(`${name}.bias`) ? (this.weights.get(`${name}.bias`) as Tensor1D) : null;
  }
}
