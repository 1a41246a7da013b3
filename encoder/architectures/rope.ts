import { type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { count, Unsupported } from './family.js';

// Rotary positions as a config.json gives them: transformers 5 writes rope_parameters; 4 writes rope_theta beside
// rope_scaling, whose type was once called `type`.

const positive = z.number().positive();

const parameters = z.strictObject({
  rope_theta: positive.optional(),
  rope_type: z.enum(['default', 'linear', 'llama3']).optional(),
  type: z.enum(['default', 'linear', 'llama3']).optional(),
  factor: positive.optional(),
  low_freq_factor: positive.optional(),
  high_freq_factor: positive.optional(),
  original_max_position_embeddings: count.optional(),
  partial_rotary_factor: z.literal(1).optional(),
});

/** A config's fields that say how positions rotate. */
export const ropeFields = {
  rope_theta: positive.nullish(),
  rope_scaling: parameters.nullish(),
  rope_parameters: parameters.nullish(),
  partial_rotary_factor: z.literal(1).nullish(),
};

/** rope_parameters of transformers 5 where layers of different kinds rotate differently. */
export const ropeParameters = parameters;

type Given = z.output<typeof parameters>;

/**
 * Radians a position, for each pair of a head of `width` numbers [width / 2]; in float32 as transformers computes them.
 * `theta` is the base where the parameters name none.
 */
export function ropeFrequencies(given: Given, theta: number, width: number): Float32Array {
  const base = given.rope_theta ?? theta;
  const plain = Float32Array.from(
    { length: width / 2 },
    (_, i) => 1 / Math.fround(base ** Math.fround((2 * i) / width)),
  );
  const kind = given.rope_type ?? given.type ?? 'default';
  if (kind === 'default') return plain;
  const factor = required(given, 'factor', kind);
  if (kind === 'linear') return plain.map((frequency) => frequency / factor);
  return llama3(plain, {
    factor,
    low: required(given, 'low_freq_factor', kind),
    high: required(given, 'high_freq_factor', kind),
    context: required(given, 'original_max_position_embeddings', kind),
  });
}

/** Llama 3.1's scaling: long wavelengths slow down by `factor`, short ones stay, those between go from one to the other. */
function llama3(
  plain: Float32Array,
  { factor, low, high, context }: { factor: number; low: number; high: number; context: number },
): Float32Array {
  return plain.map((frequency) => {
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength > context / low) return frequency / factor;
    if (wavelength < context / high) return frequency;
    const smooth = (context / wavelength - low) / (high - low);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

function required(given: Given, field: keyof Given, kind: string): number {
  const value = given[field];
  if (typeof value !== 'number') throw new Unsupported(`${field} is missing, which rope_type ${kind} needs`);
  return value;
}

/** The parameters that a config gives in either spelling. */
export function ropeOf(config: {
  readonly rope_theta?: number | null | undefined;
  readonly rope_scaling?: Given | null | undefined;
  readonly rope_parameters?: Given | null | undefined;
}): Given {
  const given = config.rope_parameters ?? config.rope_scaling ?? {};
  return config.rope_theta && !given.rope_theta ? { ...given, rope_theta: config.rope_theta } : given;
}

/** Cosines and sines of each token's angles [tokens, width / 2]. */
export function ropeTables(positions: Int32Array, frequencies: Float32Array): { cos: Tensor2D; sin: Tensor2D } {
  const half = frequencies.length;
  const angles = new Float32Array(positions.length * half);
  positions.forEach((position, token) => {
    for (let i = 0; i < half; i++) angles[token * half + i] = position * frequencies[i]!;
  });
  const table = (of: (angle: number) => number): Tensor2D => tensor2d(angles.map(of), [positions.length, half]);
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
