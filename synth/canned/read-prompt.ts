import type { Prompts } from '../prompts.js';
import { type TurnName, turnNames } from '../turns.js';

/** A prompt that was filled, as its turn and the values in it. */
export interface ReadPrompt {
  readonly name: TurnName;
  readonly values: Readonly<Record<string, string>>;
}

// The places that hold numbers; all others hold texts between their two lines.
const numbers = new Set(['words', 'number', 'got']);

/** What undoes {@link Prompts.fill}; null for a message that no prompt of these made. */
export function promptReader(prompts: Prompts): (message: string) => ReadPrompt | null {
  const patterns = turnNames.map((name) => ({ name, pattern: patternOf(prompts.templateOf(name)) }));
  return (message) => {
    for (const { name, pattern } of patterns) {
      const { groups } = pattern.exec(message) ?? {};
      if (groups) return { name, values: groups };
    }
    return null;
  };
}

function patternOf(template: string): RegExp {
  const seen = new Set<string>();
  const pattern = template
    .trim()
    .split(/(\{\w+\})/)
    .map((part) => {
      const place = /^\{(\w+)\}$/.exec(part)?.[1];
      if (place === undefined) return part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
      if (seen.has(place)) return numbers.has(place) ? `\\k<${place}>` : `[^]*?`;
      seen.add(place);
      if (numbers.has(place)) return `(?<${place}>\\d+)`;
      return `<<<text (?<of_${place}>\\w+)\\n(?<${place}>[^]*?)\\n>>>text \\k<of_${place}>`;
    });
  // Below the prompt may stand the form of the answer.
  return new RegExp(`^${pattern.join('')}`);
}
