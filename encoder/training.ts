import { Fault } from '../plan/fault.js';
import type { ModelPlan } from '../plan/schema.js';
import type { Parameter } from '../tensor/parameter.js';
import type { Architecture } from './architectures/architecture.js';
import { type Lora, loraTargets, newLoraParameters } from './lora.js';
import { loadAdapter } from './peft.js';

/** How an encoder is trained: all of it, part of it, or an adapter. */
export interface Training extends Pick<ModelPlan, 'base' | 'lora' | 'freeze'> {
  readonly seed: number;
  /** New weights in place of the folder's. */
  readonly random: boolean;
  /** Keeps a layer's input alone for the backward pass, and computes the rest anew. */
  readonly recompute: boolean;
  /** The folder of the adapter to go on with, null for a new one. */
  readonly adapter: string | null;
}

/** An encoder's weights by whether they change. */
export interface Trained {
  readonly parameters: readonly Parameter[];
  readonly frozen: readonly Parameter[];
  readonly lora: Lora | null;
}

/** Divides a model's weights into those that train and those that do not. Throws a Fault where the plan does not fit. */
export function divide(architecture: Architecture, weights: readonly Parameter[], training: Training): Trained {
  if (training.lora) {
    const lora = { plan: training.lora, base: training.base, targets: loraTargets(architecture, training.lora) };
    const parameters = newLoraParameters(architecture, lora, training.seed);
    if (training.adapter !== null) loadAdapter(training.adapter, parameters);
    return { parameters, frozen: weights, lora };
  }
  const { embeddings, layers } = training.freeze;
  if (layers > architecture.layers) {
    throw new Fault(
      `Expected model.freeze.layers of at most ${architecture.layers}, the model's own, got ${layers}. Lower it.`,
    );
  }
  const prefixes = Array.from({ length: layers }, (_, i) => `${architecture.layerName(i)}.`);
  if (embeddings) prefixes.push('embed');
  const isFrozen = ({ name }: Parameter): boolean => prefixes.some((prefix) => name.startsWith(prefix));
  return {
    parameters: weights.filter((weight) => !isFrozen(weight)),
    frozen: weights.filter(isFrozen),
    lora: null,
  };
}
