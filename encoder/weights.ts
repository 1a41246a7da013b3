import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { Fault } from '../plan/fault.js';
import { type Parameter, parameter } from '../tensor/parameter.js';
import type { HostTensor } from './safetensors.js';
import { StoredWeights } from './stored-weights.js';

/** Weights by name, as the forward pass reads them. */
export interface Weights {
  has(name: string): boolean;
  /** Whether the weight changes in training. */
  trains(name: string): boolean;
  /** The weights in training whose names begin so. */
  trainingUnder(prefix: string): Tensor[];
  get(name: string): Tensor;
}

/** An encoder's weights: those of the forward pass, and those that the file also holds and that go back as they came. */
export interface LoadedWeights {
  readonly weights: Parameter[];
  readonly untouched: ReadonlyMap<string, HostTensor>;
}

/**
 * Loads a folder's weights onto the running backend, tensor by tensor: on the host there is never more than one. Throws
 * a Fault for weights that are missing or misshapen.
 */
export function loadWeights(folder: string, shapes: ReadonlyMap<string, readonly number[]>): LoadedWeights {
  const stored = new StoredWeights(folder);
  const weights: Parameter[] = [];
  try {
    const missing = [...shapes.keys()].filter((name) => !stored.has(name));
    if (missing.length > 0) {
      const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
      throw new Fault(
        `Expected weight ${missing[0]}${more} in ${stored.path}, found none. Check that config.json belongs to it.`,
      );
    }
    for (const [name, shape] of shapes) {
      const got = stored.shape(name);
      if (got.join() !== shape.join()) {
        throw new Fault(
          `Expected shape [${shape}] for weight ${name} in ${stored.path}, got [${got}]. Check config.json.`,
        );
      }
    }
    for (const [name, shape] of shapes) {
      weights.push(parameter(name, tensor(stored.read(name).values, [...shape], 'float32')));
    }
    // transformers makes a pooler anew, and says so, where the file has none. Heads of other tasks it leaves out itself.
    const poolers = stored.names.filter((name) => name.startsWith('pooler.'));
    return { weights, untouched: new Map(poolers.map((name) => [name, stored.read(name)])) };
  } catch (error) {
    for (const p of weights) p.tensor.dispose();
    throw error;
  } finally {
    stored.close();
  }
}

/** Parameters, and weights that do not train, by name. Looks each up anew, since the optimizer may replace a parameter's tensor. */
export function weightsOf(parameters: readonly Parameter[], frozen: readonly Parameter[] = []): Weights {
  const byName = new Map([...parameters, ...frozen].map((p) => [p.name, p]));
  const training = new Set(parameters.map(({ name }) => name));
  return {
    has: (name) => byName.has(name),
    trains: (name) => training.has(name),
    trainingUnder: (prefix) => parameters.flatMap(({ name, tensor }) => (name.startsWith(prefix) ? [tensor] : [])),
    get: (name) => {
      const found = byName.get(name);
      if (!found) throw new Error(`No weight is named ${name}.`);
      return found.tensor;
    },
  };
}

/** Parameters as the host sees them, in their order; each is copied there when its values are read. */
export function hostTensors(parameters: readonly Parameter[]): Map<string, HostTensor> {
  return new Map(
    parameters.map(({ name, tensor }) => [
      name,
      {
        shape: tensor.shape,
        get values() {
          return tensor.dataSync() as Float32Array;
        },
      },
    ]),
  );
}
