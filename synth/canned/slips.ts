import { hashText } from '../../data/permutation.js';
import type { Asked } from '../../endpoint/stand-in/reply.js';
import type { Slip } from '../../endpoint/stand-in/writing.js';

const kinds: readonly Slip[] = ['fenced', 'prose', 'trailing comma', 'cut off', 'no json', 'repeats'];

// One answer in so many goes wrong in form.
const ONE_IN = 20;

/** How the JSON of a canned answer goes wrong, now and then: the same messages go wrong in the same way. */
export function slips(_number: number, { messages }: Asked): Slip | undefined {
  const chance = hashText(messages.map(({ content }) => content).join('\n'));
  return chance % ONE_IN === 0 ? kinds[Math.floor(chance / ONE_IN) % kinds.length] : undefined;
}
