import { createHash } from 'node:crypto';

// What chat templates and tokenizers take for their own: <|im_end|>, <s>, [INST], <<SYS>>, <start_of_turn>, <think>.
const controls =
  /<\|[^\s<>|]{1,40}\|>|<\/?(?:s|bos|eos|pad|unk|think|tool_call|start_of_turn|end_of_turn)>|<<\/?SYS>>|\[\/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|AVAILABLE_TOOLS)\]/gi;

/** Whether a text holds what a model could take for the end of a turn or for a new one. */
export function hasControls(text: string): boolean {
  return text.search(controls) >= 0;
}

/**
 * A text as a prompt shows it: at most `words` words and 20 characters for each, control tokens taken apart by a blank,
 * between two lines with a number that is made from the text itself, so that no text can close its own bracket.
 */
export function shown(text: string, words: number): string {
  const cut = firstWords(text, words).replaceAll(controls, (token) => `${token[0]} ${token.slice(1)}`);
  const number = createHash('sha256').update(cut).digest('hex').slice(0, 12);
  return `<<<text ${number}\n${cut}\n>>>text ${number}`;
}

/** The first so many words; of a word without end its beginning. */
function firstWords(text: string, words: number): string {
  const most = text.slice(0, 20 * words).replaceAll(/\p{Surrogate}/gu, '\uFFFD');
  let [count, end] = [0, 0];
  for (const { index, 0: word } of most.matchAll(/\S+/g)) {
    if (++count > words) break;
    end = index + word.length;
  }
  return end === most.length || count <= words ? most : most.slice(0, end);
}
