import { FaultLog } from '../data/fault-log.js';
import type { Source } from '../data/pairs.js';

/** Texts as a source, which is what can be embedded: queries, each with what stands before it, and documents. */
export function sourceOfTexts(
  name: string,
  {
    queries = [],
    documents = [],
    instruction = '',
  }: { readonly queries?: readonly string[]; readonly documents?: readonly string[]; readonly instruction?: string },
): Source {
  return {
    name,
    weight: 1,
    queries,
    instructions: queries.map(() => instruction),
    documents,
    ids: documents.map((_, i) => String(i)),
    barred: queries.map(() => []),
    labelOf: String,
    pairs: [],
    maxLength: {},
    faults: new FaultLog('stop'),
  };
}
