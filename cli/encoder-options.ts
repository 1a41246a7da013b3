import type { Options } from 'yargs';
import { precisions } from '../plan/schema.js';
import { vectorSearches } from '../plan/vector-search.js';

// What verbs take that embed texts.

export const precisionOption = {
  describe: 'what encoders compute in: bfloat16 on torch',
  choices: precisions,
  default: 'float32',
} as const satisfies Options;

export const searchOption = {
  describe: 'how encoders’ vectors are searched: approximate by a graph of near neighbours',
  choices: vectorSearches,
  requiresArg: true,
} as const satisfies Options;
