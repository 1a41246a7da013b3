import { stemmer } from 'stemmer';

// Lucene's EnglishAnalyzer as pyserini and Anserini run it: StandardTokenizer, possessive filter, lower case, stop
// words, Porter stemmer. The word rules follow StandardTokenizerImpl.jflex (Unicode text segmentation, UAX #29).

const MAX_TOKEN_LENGTH = 255;
const MAX_CACHED_TERMS = 1 << 18;
/** Longer texts are matched a window at a time: a regular expression overflows its stack on a word of millions. */
const WINDOW = 1 << 16;

/** Lucene's EnglishAnalyzer.ENGLISH_STOP_WORDS_SET. */
const stopWords = new Set(
  (
    'a an and are as at be but by for if in into is it no not of on or such that the their then there these they ' +
    'this to was will with'
  ).split(' '),
);

// Word_Break classes, as the inside of a character class. JavaScript knows no \p{Word_Break}, so these are composed.
const extend = '[\\p{M}\\p{Cf}]--[\\u200B]';
const southEastAsian =
  '[\\p{L}\\p{M}]&&[\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Myanmar}\\p{sc=Khmer}\\p{sc=Tai_Le}\\p{sc=New_Tai_Lue}' +
  '\\p{sc=Tai_Tham}\\p{sc=Tai_Viet}\\p{sc=Ahom}]';
const katakana = '\\p{sc=Katakana}\\u3031-\\u3035\\u309B\\u309C\\u30A0\\u30FC\\uFF70';
const notLetters = `\\p{Ideographic}\\p{M}\\p{sc=Hiragana}[${katakana}][${southEastAsian}]`;
const letter = `[\\p{Alphabetic}\\u05F3]--[${notLetters}]`;
const digit = '\\p{Nd}\\u066B';
const joiner = '\\p{Pc}\\u202F';
const midNumLet = ".'\\u2018\\u2019\\u2024\\uFE52\\uFF07\\uFF0E";
const midLetter = `${midNumLet}:\\u00B7\\u0387\\u055F\\u05F4\\u2027\\uFE13\\uFE55\\uFF1A`;
const midNumber = `${midNumLet},;\\u037E\\u0589\\u060C\\u060D\\u066C\\u07F8\\u2044\\uFE10\\uFE14\\uFE50\\uFE54\\uFF0C\\uFF1B`;

/**
 * One token a match. A run of joiners (`____`) with no letter or digit is matched too, and dropped by the caller:
 * without that branch a long run would be scanned again from each of its places.
 */
const tokens = (() => {
  // UAX #29 WB4: a character carries the marks that follow it.
  const some = (chars: string) => `[${chars}][[${chars}][${extend}]]*`;
  const mid = (chars: string) => `[${chars}][${extend}]*`;
  const hebrew = `(?<=\\p{sc=Hebrew}[${extend}]*)(?:'[${extend}]*|"[${extend}]*(?=\\p{sc=Hebrew})${some(letter)})`;
  const letters = `${some(letter)}(?:${mid(midLetter)}${some(letter)}|${hebrew})*`;
  const digits = `${some(digit)}(?:${mid(midNumber)}${some(digit)})*`;
  const segment = `(?:(?:${letters}|${digits})+|${some(katakana)})`;
  const joiners = some(joiner);
  const word = `(?:${joiners})?${segment}(?:${joiners}${segment})*(?:${joiners})?`;
  // The five that are marks in ordinary text rather than pictures: © ® ™ 〰 〽.
  const picture = '[\\p{Extended_Pictographic}\\p{Emoji_Modifier}]--[©®™\\u3030\\u303D]';
  const shape = `(?:\\p{Emoji_Modifier_Base}[${extend}]*\\p{Emoji_Modifier}|[${picture}])[${extend}]*`;
  const flag = `\\p{RI}[${extend}]*\\p{RI}[${extend}]*`;
  const emoji = `${shape}(?:(?<=\\u200D)${shape})*|${flag}|[#*]\\uFE0F?\\u20E3[${extend}]*`;
  const single = `[\\p{sc=Han}\\p{sc=Hiragana}][${extend}]*`;
  return new RegExp(`${word}|${joiners}|${emoji}|[${southEastAsian}]+|${single}`, 'gv');
})();

/** The same rules where every character is ASCII: most English text, and several times as fast. */
const asciiTokens = (() => {
  const segment = "(?:[A-Za-z]+(?:[.':][A-Za-z]+)*|[0-9]+(?:[.,;'][0-9]+)*)+";
  return new RegExp(`_*${segment}(?:_+${segment})*_*|_+`, 'g');
})();

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is all of ASCII.
const ascii = /^[\x00-\x7f]*$/;
const onlyJoiners = /^[\p{Pc}\u202F][\p{Pc}\u202F\p{M}\p{Cf}]*$/u;

/** Token as written → its term, or '' for a stop word. Words repeat, so each is stemmed once. */
const terms = new Map<string, string>();

/** The tokens of a text as StandardTokenizer cuts it; one longer than 255 characters comes in pieces of 255. */
export function tokenize(text: string): string[] {
  if (text.length <= WINDOW) return tokenizeWindow(text);
  const found: string[][] = [];
  for (let start = 0; start < text.length; ) {
    const end = windowEnd(text, start);
    found.push(tokenizeWindow(text.slice(start, end)));
    start = end;
  }
  return found.flat();
}

function tokenizeWindow(text: string): string[] {
  const found: string[] = text.match(ascii.test(text) ? asciiTokens : tokens) ?? [];
  if (!found.some((token) => token.length > MAX_TOKEN_LENGTH || mayBeJoiners(token))) return found;
  return found.filter((token) => !onlyJoiners.test(token)).flatMap(pieces);
}

/** After the last blank of the window, which no token spans; or, in a word that long, wherever the window ends. */
function windowEnd(text: string, start: number): number {
  const end = start + WINDOW;
  if (end >= text.length) return text.length;
  // Within the slice: looking back through the whole text from each window would take quadratic time.
  const blank = text.slice(start, end).lastIndexOf(' ');
  return blank < 0 ? end : start + blank + 1;
}

/** The terms of a text, in order, repeats kept: what is indexed, and what a query asks for. */
export function analyze(text: string): string[] {
  const kept: string[] = [];
  for (const token of tokenize(text)) {
    let term = terms.get(token);
    if (term === undefined) {
      if (terms.size >= MAX_CACHED_TERMS) terms.clear();
      term = toTerm(token);
      terms.set(token, term);
    }
    if (term !== '') kept.push(term);
  }
  return kept;
}

function toTerm(token: string): string {
  const lower = lowerCase(token.replace(/['\u2019\uFF07][sS]$/, ''));
  return stopWords.has(lower) ? '' : stemmer(lower);
}

/** Java lowers one code point at a time to one code point: no final sigma, and İ becomes a plain i. */
function lowerCase(token: string): string {
  if (ascii.test(token)) return token.toLowerCase();
  return Array.from(token, (char) => String.fromCodePoint(char.toLowerCase().codePointAt(0)!)).join('');
}

/** A cheap first look before {@link onlyJoiners}. */
function mayBeJoiners(token: string): boolean {
  const code = token.charCodeAt(0);
  return code === 95 || code > 127;
}

function pieces(token: string): string[] {
  const cut: string[] = [];
  for (let start = 0; start < token.length; start += MAX_TOKEN_LENGTH) {
    cut.push(token.slice(start, start + MAX_TOKEN_LENGTH));
  }
  return cut;
}
