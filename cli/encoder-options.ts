import type { Options } from 'yargs';
import { precisions } from '../plan/schema.js';

/** What verbs take that embed texts. */
export const precisionOption = {
  describe: 'what encoders compute in: bfloat16 on torch',
  choices: precisions,
  default: 'float32',
} as const satisfies Options;
