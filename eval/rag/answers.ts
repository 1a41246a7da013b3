import { letterOf, type Task } from './tasks.js';

/** Text as SQuAD's script compares it: small letters, no punctuation, no articles, single blanks. */
function normalized(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N}\s]/gu, '')
    .replace(/\b(a|an|the)\b/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Whether a text holds one of a task's answers, word for word after {@link normalized}. */
export function holdsAnswer(text: string, { answers }: Task): boolean {
  const within = ` ${normalized(text)} `;
  return answers.some((answer) => {
    const wanted = normalized(answer);
    return wanted !== '' && within.includes(` ${wanted} `);
  });
}

/**
 * Whether a language model's answer is right: its choice, read as the first letter that stands alone and is one of the
 * choices', or a short answer that is or holds a right one. Null where no answer can be read.
 */
export function isRight(said: string, task: Task): boolean | null {
  if (task.right === null) return said.trim() === '' ? null : holdsAnswer(said, task);
  const letters = task.choices.map((_, i) => letterOf(i)).join('');
  // "I" and "A" are words too, but not before a period, a bracket or the end: those come first.
  const found =
    new RegExp(`(?<![\\p{L}\\p{N}])([${letters}])(?=[.):]|\\s*$)`, 'mu').exec(said) ??
    new RegExp(`(?<![\\p{L}\\p{N}])([${letters}])(?![\\p{L}\\p{N}'’])`, 'u').exec(said);
  return found ? found[1] === letterOf(task.right) : null;
}
