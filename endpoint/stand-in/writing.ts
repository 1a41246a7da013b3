import type { Asked, Replier, Reply, Writer } from './reply.js';

/** How a language model's JSON goes wrong. */
export type Slip = 'fenced' | 'prose' | 'trailing comma' | 'cut off' | 'no json' | 'repeats';

/**
 * Lets a writer answer every request, but where a script says otherwise: a slip in what it wrote, or another reply.
 */
export function written(
  writer: Writer,
  script: (number: number, asked: Asked) => Slip | Reply | undefined = () => undefined,
): Replier {
  return (asked, number) => {
    const otherwise = script(number, asked);
    if (typeof otherwise === 'object') return otherwise;
    const text = writer(asked.messages, asked.schema);
    return otherwise === undefined ? { text } : slipped(text, otherwise);
  };
}

function slipped(text: string, slip: Slip): Reply {
  switch (slip) {
    case 'fenced':
      return { text: `\`\`\`json\n${text}\n\`\`\`` };
    case 'prose':
      return { text: `Sure! Here it is:\n\n${text}\n\nLet me know if it serves.` };
    case 'trailing comma':
      return { text: text.replace(/([\]}])\s*$/, ',$1') };
    case 'cut off':
      return { text: text.slice(0, Math.ceil(text.length / 2)), ended: 'length' };
    case 'no json':
      return { text: 'I would rather talk about the weather.' };
    case 'repeats':
      return { text: `${text.slice(0, 20)}${' and so on'.repeat(200)}`, ended: 'length' };
  }
}
