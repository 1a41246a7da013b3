import { createHash } from 'node:crypto';
import type { RangePlan } from './schema.js';

/**
 * The value of one path in one draw of a random search: a function of the search's seed, the draw's number and the path
 * alone, so that more draws or another path leave the others what they were. Numbers have four significant digits.
 */
export function drawn({ uniform, log_uniform, choices }: RangePlan, seed: number, draw: number, path: string): unknown {
  const hash = createHash('sha256').update(`${seed} ${draw} ${path}`).digest();
  // [0, 1) in 48 bits.
  const chance = hash.readUIntBE(0, 6) / 2 ** 48;
  if (choices) return choices[Math.floor(chance * choices.length)];
  const [low, high] = (log_uniform ?? uniform) as [number, number];
  const value = log_uniform ? low * (high / low) ** chance : low + chance * (high - low);
  return Math.min(high, Math.max(low, Number(value.toPrecision(4))));
}
