import { type Tensor, type Tensor1D, type Tensor2D, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { LoraPlan, Precision } from '../../plan/schema.js';
import { seedAt } from '../../tensor/chance.js';
import { dropout } from '../../tensor/dropout.js';
import { embed } from '../../tensor/embed.js';
import { gelu } from '../../tensor/gelu.js';
import { layerNorm } from '../../tensor/layer-norm.js';
import { frozenLinear, linear } from '../../tensor/linear.js';
import { linearGelu } from '../../tensor/linear-gelu.js';
import { linearNorm } from '../../tensor/linear-norm.js';
import { lowRank } from '../../tensor/low-rank.js';
import { lower } from '../../tensor/precision.js';
import { recomputed, unrecorded } from '../../tensor/recompute.js';
import { residual } from '../../tensor/residual.js';
import { rmsNorm } from '../../tensor/rms-norm.js';
import { downName, loraScale, upName } from '../lora.js';
import type { Weights } from '../weights.js';

export interface LayersOptions {
  readonly precision: Precision;
  readonly lora: LoraPlan | null;
  /** Keeps a layer's inputs alone for the backward pass. */
  readonly recompute: boolean;
  /** Names what is drawn by chance; null where nothing is, outside of training. */
  readonly seed: number | null;
}

/**
 * Through this an architecture asks for everything that its weights do, by the weights' name. What applies to any
 * architecture (weights that do not train, adapters, layers computed anew in the backward pass) is here and nowhere else.
 */
export class Layers {
  // Whether a weight in training has been met: before that there is nothing that a backward pass would come for.
  #trains = false;

  constructor(
    private readonly weights: Weights,
    private readonly how: LayersOptions = { precision: 'float32', lora: null, recompute: false, seed: null },
  ) {}

  /** x [tokens, in] through the projection `name` → [tokens, out]; with a bias where the weights have one. */
  dense(x: Tensor2D, name: string): Tensor2D {
    const through = this.weights.trains(`${name}.weight`) ? linear : frozenLinear;
    const made = through(x, this.weight(name) as Tensor2D, this.bias(name));
    return this.how.lora && this.adapts(name) ? this.adapted(made, x, name, this.how.lora) : made;
  }

  /** `dense`, then GELU. */
  denseGelu(x: Tensor2D, name: string): Tensor2D {
    const bias = this.plainBias(name);
    return bias ? linearGelu(x, this.weight(name) as Tensor2D, bias) : gelu(this.dense(x, name));
  }

  /** The layer norm `norm` of `dense` plus `skip` [tokens, out]: how a layer that normalizes afterwards ends its halves. */
  denseNorm(x: Tensor2D, name: string, skip: Tensor2D, norm: string, eps: number): Tensor2D {
    const [bias, shift] = [this.plainBias(name), this.bias(norm)];
    if (!bias || !shift) return this.layerNorm(residual(this.dense(x, name), skip), norm, eps);
    const [weight, gain] = [this.weight(name) as Tensor2D, this.weight(norm) as Tensor1D];
    return linearNorm({ x, weight, bias, skip, gain, shift }, eps);
  }

  layerNorm(x: Tensor2D, name: string, eps: number): Tensor2D {
    return layerNorm(x, this.weight(name) as Tensor1D, this.bias(name), eps);
  }

  /** Each group of a row of x [tokens, groups · width] by itself, where the weight is [width]. */
  rmsNorm(x: Tensor2D, name: string, eps: number): Tensor2D {
    return rmsNorm(x, this.weight(name) as Tensor1D, eps);
  }

  /** Rows of the table `name` at ids → [ids, width]. */
  embed(name: string, ids: Int32Array): Tensor2D {
    return embed(this.weight(name) as Tensor2D, tensor1d(ids, 'int32'));
  }

  /**
   * One layer: `body` of `inputs`, the hidden states first. `name` begins the names of the weights that it uses, and
   * every other tensor that it reads is among the inputs.
   */
  layer<T extends Tensor[]>(name: string, inputs: [...T], body: (...inputs: T) => Tensor2D): Tensor2D {
    const training = this.weights.trainingUnder(`${name}.`);
    const given = this.lowered(inputs);
    if (!this.#trains && training.length === 0) return unrecorded(() => body(...given));
    this.#trains = true;
    if (this.how.recompute) return recomputed(body, given, training);
    // A scope a layer: what the backward pass does not need is freed at the layer's end, not the network's.
    return tidy(() => body(...given));
  }

  /** Layers compute in the encoder's precision; what comes before them, tables and their sums, in float32. */
  private lowered<T extends Tensor[]>(inputs: [...T]): [...T] {
    if (this.how.precision === 'float32') return inputs;
    const given: [...T] = [...inputs];
    given[0] = lower(given[0] as Tensor2D);
    return given;
  }

  private adapts(name: string): boolean {
    return this.how.lora !== null && this.weights.has(downName(name));
  }

  /** A projection's result with what LoRA adds to it. */
  private adapted(made: Tensor2D, x: Tensor2D, name: string, lora: LoraPlan): Tensor2D {
    const { seed } = this.how;
    const seen = seed !== null && lora.dropout > 0 ? dropout(x, lora.dropout, seedAt(seed, name)) : x;
    const [down, up] = [downName(name), upName(name)].map((of) => this.weights.get(of)) as [Tensor2D, Tensor2D];
    return lowRank(made, seen, down, up, loraScale(lora));
  }

  /** The bias of a projection that is nothing but `linear`, and so can be done in one pass with what follows; else null. */
  private plainBias(name: string): Tensor1D | null {
    return this.weights.trains(`${name}.weight`) && !this.adapts(name) ? this.bias(name) : null;
  }

  private weight(name: string): Tensor {
    if (this.weights.trains(`${name}.weight`)) this.#trains = true;
    return this.weights.get(`${name}.weight`);
  }

  private bias(name: string): Tensor1D | null {
    return this.weights.has(`${name}.bias`) ? (this.weights.get(`${name}.bias`) as Tensor1D) : null;
  }
}
