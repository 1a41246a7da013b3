import { Fault, reasonOf } from '../../plan/fault.js';
import type { PairingTokenizer } from '../tokenizer.js';

/** Two texts as one sequence: token ids, and which of the two each token is counted to. */
export interface PairTokens {
  readonly ids: Int32Array;
  readonly types: Int32Array;
}

/** Joins two texts' own ids: [CLS] first [SEP] second [SEP], or as the model's tokenizer has it, within `maxLength`. */
export type JoinPair = (first: readonly number[], second: readonly number[], maxLength: number) => PairTokens;

/**
 * How many of each text's tokens are kept in `room`: the longer one loses its end until both fit, and two too long ones
 * share the room, as `longest_first` of the tokenizers library does.
 */
export function longestFirst(first: number, second: number, room: number): [number, number] {
  const [short, long] = first <= second ? [first, second] : [second, first];
  let kept = [short, Math.min(long, Math.max(short, room - short))] as [number, number];
  if (kept[0] + kept[1] > room) kept = [Math.floor(room / 2), Math.ceil(room / 2)];
  return first <= second ? kept : [kept[1], kept[0]];
}

/**
 * The tokenizer's template for pairs, found by what it makes of two letters.
 *
 * @param folder for messages
 * @throws Fault a tokenizer without one; when joining, a length that leaves a text no room
 */
export function pairTemplate(tokenizer: PairingTokenizer, folder: string): JoinPair {
  const { before, between, after, first, second } = pieces(tokenizer, folder);
  const special = before.ids.length + between.ids.length + after.ids.length;
  return (a, b, maxLength) => {
    const room = maxLength - special;
    if (room < 2) {
      throw new Fault(
        `Expected max_length of ${special + 2} or more, room for a pair, got ${maxLength}. Raise max_length.`,
      );
    }
    const [m, n] = longestFirst(a.length, b.length, room);
    const ids = Int32Array.of(...before.ids, ...a.slice(0, m), ...between.ids, ...b.slice(0, n), ...after.ids);
    const types = Int32Array.of(
      ...before.types,
      ...Array<number>(m).fill(first),
      ...between.types,
      ...Array<number>(n).fill(second),
      ...after.types,
    );
    return { ids, types };
  };
}

function pieces(tokenizer: PairingTokenizer, folder: string) {
  let ab: ReturnType<PairingTokenizer['pair']>;
  let aa: typeof ab;
  try {
    [ab, aa] = [tokenizer.pair('a', 'b'), tokenizer.pair('a', 'a')];
  } catch (error) {
    throw lacking(folder, reasonOf(error));
  }
  const [a, b] = [tokenizer.bare('a', Number.POSITIVE_INFINITY), tokenizer.bare('b', Number.POSITIVE_INFINITY)];
  const { length } = ab.ids;
  let after = 0;
  while (after < length && ab.ids[length - 1 - after] === aa.ids.at(-1 - after)) after++;
  const secondAt = length - after - b.length;
  const firstAt = ab.ids.indexOf(a[0] ?? -1);
  const cut = (from: number, to: number) => ({ ids: ab.ids.slice(from, to), types: ab.types.slice(from, to) });
  if (a.length === 0 || firstAt < 0 || secondAt < firstAt + a.length) throw lacking(folder, ab.ids.join(' '));
  return {
    before: cut(0, firstAt),
    between: cut(firstAt + a.length, secondAt),
    after: cut(secondAt + b.length, length),
    first: ab.types[firstAt]!,
    second: ab.types[secondAt]!,
  };
}

function lacking(folder: string, got: string): Fault {
  return new Fault(
    `Expected a tokenizer that joins two texts in ${folder}/tokenizer.json, got for "a" and "b": ${got}. Choose another model.`,
  );
}
