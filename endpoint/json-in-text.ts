import { JSONRepairError, jsonrepair } from 'jsonrepair';

/**
 * What JSON a language model's text may hold, the likeliest reading first: the text itself, what stands between fences,
 * or from its first bracket on; each also with quotes, commas and comments repaired.
 *
 * @param cut the text stopped before its end: a value that may be half written is left out, never closed
 */
export function* readings(text: string, cut: boolean): Generator<unknown, void> {
  const thought = text.lastIndexOf(endOfThought);
  const said = thought < 0 ? text : text.slice(thought + endOfThought.length);
  yield* parsed(said);
  const start = said.search(/[[{]/);
  if (start < 0) return;
  const rest = said.slice(start);
  if (cut) {
    for (const end of commas(rest).slice(-mostCuts).reverse()) yield* parsed(repaired(rest.slice(0, end)));
    return;
  }
  const fenced = /```(?:json)?\s*\n([\s\S]*?)\n\s*```/i.exec(said)?.[1];
  const bracketed = rest.slice(0, Math.max(rest.lastIndexOf('}'), rest.lastIndexOf(']')) + 1);
  for (const place of [fenced, bracketed, rest]) yield* parsed(place);
  for (const place of [fenced, bracketed, rest]) yield* parsed(place && repaired(place));
}

const endOfThought = '</think>';

// How many values may be left out at the end of a text that stopped: each is one more reading.
const mostCuts = 16;

function* parsed(text: string | undefined): Generator<unknown, void> {
  if (text === undefined) return;
  try {
    yield JSON.parse(text);
  } catch {
    // No reading of it.
  }
}

function repaired(text: string): string | undefined {
  try {
    return jsonrepair(text);
  } catch (error) {
    if (error instanceof JSONRepairError) return undefined;
    throw error;
  }
}

/** Where commas stand outside of strings: what is before one is written to its end. */
function commas(text: string): number[] {
  const found: number[] = [];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const at = text[i];
    if (quoted && at === '\\') i++;
    else if (at === '"') quoted = !quoted;
    else if (at === ',' && !quoted) found.push(i);
  }
  return found;
}
