import { wordCount } from '../data/inspect/lengths.js';
import { analyze } from '../retrieval/analyzer.js';
import { hasControls } from './shown.js';

const SHORTEST = 8;
const LONGEST = 400;

// A question that points at what it was made from cannot be understood by itself.
const pointers = [
  /\b(?:the|this|that|these|those|given|above|following|provided|your|its)\s+(?:\w+\s+)?(?:passages?|documents?|excerpts?|texts?|paragraphs?|snippets?|articles?)\b/i,
  /\baccording to the (?:author|writer|source|information)s?\b/i,
  /\b(?:as|is|was|are|were) (?:described|mentioned|discussed|stated|explained|outlined) (?:above|below|here|in the)\b/i,
];

/** The share of a question's words, by their stems and without stop words, that a document has too. */
function overlapOf(question: string, document: string): number {
  const words = new Set(analyze(question));
  const own = new Set(analyze(document));
  return [...words].filter((word) => own.has(word)).length / Math.max(1, words.size);
}

/** Why a question is of no use, by the first rule that it breaks; null where it keeps all. */
export function questionFault(question: string, document: string, mostOverlap: number): string | null {
  const length = wordCount(question);
  if (length < SHORTEST) return 'question too short';
  if (length > LONGEST) return 'question too long';
  if (hasControls(question)) return 'control tokens';
  if (pointers.some((pointer) => pointer.test(question))) return 'speaks of the document';
  return overlapOf(question, document) > mostOverlap ? "shares the document's words" : null;
}

/** Why a long query is of no use; null where it may be. */
export function longQueryFault(query: string): string | null {
  return hasControls(query) ? 'control tokens' : null;
}
