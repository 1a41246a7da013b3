import type { Chance } from './chance.js';

// Names of concepts are words that no model has seen; all that stands between them is plain English.
const onsets = 'b c d f g h j k l m n p r s t v w z br cl dr fl gr kr pl pr sl st tr'.split(' ');
const vowels = 'a e i o u ae io ou'.split(' ');
const codas = ['', '', '', 'n', 'r', 's', 'l', 'm', 'x', 'nd', 'rt'];

/** A word of three syllables that nobody knows. */
export function inventWord(chance: Chance): string {
  const syllable = (): string => chance.pick(onsets) + chance.pick(vowels) + chance.pick(codas);
  return syllable() + syllable() + syllable();
}

const subjects = 'the report|our group|a neighbour|the older method|this case|the second trial|my colleague|the manual';
const verbs = 'describes|mentions|ignores|compares|repeats|doubts|depends on|changes|explains|measures|avoids';
const things = 'the first result|an earlier attempt|the usual order|a small error|the whole season|the cost of it';
const turns = 'In the end|At first|Some weeks later|As far as I know|For what it is worth|On the other hand|Again';
const [subject, verb, thing, turn] = [subjects, verbs, things, turns].map((list) => list.split('|')) as [
  string[],
  string[],
  string[],
  string[],
];

/** A sentence that says nothing. */
function filler(chance: Chance): string {
  const begin = chance.below(3) === 0 ? `${chance.pick(turn)}, ` : '';
  return `${begin}${chance.pick(subject)} ${chance.pick(verb)} ${chance.pick(thing)}.`;
}

const statements = [
  (words: string) => `Here ${words} go together.`,
  (words: string) => `It begins with ${words} and ends there.`,
  (words: string) => `Whoever meets ${words} meets them at once.`,
  (words: string) => `Without ${words} none of it would hold.`,
];

/** A sentence about some words. */
export function statement(words: readonly string[], chance: Chance): string {
  return chance.pick(statements)(words.join(', '));
}

/** Sentences until there are `length` words, the given ones strewn among filler. */
export function passage(sentences: readonly string[], length: number, chance: Chance): string {
  const all = [...sentences];
  let words = all.reduce((sum, sentence) => sum + sentence.split(' ').length, 0);
  while (words < length) {
    const sentence = filler(chance);
    words += sentence.split(' ').length;
    all.splice(chance.below(all.length + 1), 0, sentence);
  }
  return all.map((sentence) => sentence[0]!.toUpperCase() + sentence.slice(1)).join(' ');
}

/** A text again: without capitals and points, or with a sentence more that says nothing. */
export function copyOf(text: string, chance: Chance): string {
  return chance.below(2) === 0 ? text.toLowerCase().replaceAll(/[.,]/g, '') : `${text} ${filler(chance)}`;
}
