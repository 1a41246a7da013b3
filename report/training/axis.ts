import { elapsed } from '../runs/elapsed.js';
import type { Steps } from '../steps.js';

/** Along what training is drawn. */
export const axes = ['step', 'tokens', 'time'] as const;
export type Axis = (typeof axes)[number];

/** Where each step stands: its number, the tokens read with it, or the seconds passed. */
export function positions(steps: Steps, axis: Axis): Float64Array {
  if (axis === 'tokens') return steps.tokensSoFar();
  return axis === 'time' ? elapsed(steps) : steps.column('step');
}

/** An axis's heading, and the unit that its largest value asks for. */
export function unitOf(axis: Axis, largest: number): { readonly heading: string; readonly size: number } {
  if (axis === 'step') return { heading: 'Training step', size: 1 };
  const units =
    axis === 'tokens'
      ? ([
          [2e9, 1e9, 'Tokens (billion)'],
          [2e6, 1e6, 'Tokens (million)'],
          [2e3, 1e3, 'Tokens (thousand)'],
          [0, 1, 'Tokens'],
        ] as const)
      : ([
          [7200, 3600, 'Time (hours)'],
          [120, 60, 'Time (minutes)'],
          [0, 1, 'Time (seconds)'],
        ] as const);
  const [, size, heading] = units.find(([from]) => largest >= from) ?? ([0, 1, 'Time (seconds)'] as const);
  return { heading, size };
}
