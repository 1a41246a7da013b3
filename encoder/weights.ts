import { join } from 'node:path';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { Fault } from '../plan/fault.js';
import { type Parameter, parameter } from '../tensor/parameter.js';
import { type HostTensor, readSafetensors } from './safetensors.js';

/** Weights by name, as the forward pass reads them. */
export interface Weights {
  has(name: string): boolean;
  /** Whether the weight changes in training. */
  trains(name: string): boolean;
  get(name: string): Tensor;
}

/** An encoder's weights: those in training, and those that the file also holds and that go back as they came. */
export interface LoadedWeights {
  readonly parameters: Parameter[];
  readonly untouched: ReadonlyMap<string, HostTensor>;
}

// Names are stored with or without the model's own prefix, by whoever saved them.
const prefixes = ['bert.', 'roberta.', 'model.'];

function withoutPrefix(name: string): string {
  const prefix = prefixes.find((p) => name.startsWith(p));
  return prefix ? name.slice(prefix.length) : name;
}

/** Loads `<folder>/model.safetensors` onto the running backend. Throws a Fault for weights that are missing or misshapen. */
export function loadWeights(folder: string, shapes: ReadonlyMap<string, readonly number[]>): LoadedWeights {
  const file = join(folder, 'model.safetensors');
  const stored = new Map([...readSafetensors(file)].map(([name, value]) => [withoutPrefix(name), value]));
  const missing = [...shapes.keys()].filter((name) => !stored.has(name));
  if (missing.length > 0) {
    const more = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
    throw new Fault(
      `Expected weight ${missing[0]}${more} in ${file}, found none. Check that config.json belongs to it.`,
    );
  }
  const parameters = [...shapes].map(([name, shape]) => {
    const host = stored.get(name) as HostTensor;
    stored.delete(name);
    if (host.shape.join() !== shape.join()) {
      throw new Fault(
        `Expected shape [${shape}] for weight ${name} in ${file}, got [${host.shape}]. Check config.json.`,
      );
    }
    return parameter(name, tensor(host.values, [...host.shape], 'float32'));
  });
  return { parameters, untouched: stored };
}

/** Parameters, and weights that do not train, by name. Looks each up anew, since the optimizer may replace a parameter's tensor. */
export function weightsOf(parameters: readonly Parameter[], frozen: readonly Parameter[] = []): Weights {
  const byName = new Map([...parameters, ...frozen].map((p) => [p.name, p]));
  const training = new Set(parameters.map(({ name }) => name));
  return {
    has: (name) => byName.has(name),
    trains: (name) => training.has(name),
    get: (name) => {
      const found = byName.get(name);
      if (!found) throw new Error(`No weight is named ${name}.`);
      return found.tensor;
    },
  };
}

/** Copies parameters to the host, in their order. */
export function hostTensors(parameters: readonly Parameter[]): Map<string, HostTensor> {
  return new Map(
    parameters.map((p) => [p.name, { shape: p.tensor.shape, values: p.tensor.dataSync() as Float32Array }]),
  );
}
