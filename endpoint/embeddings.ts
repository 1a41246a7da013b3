import { z } from 'zod';
import { allEnded } from './all-ended.js';
import { idOf } from './answers.js';
import type { Endpoint } from './endpoint.js';

/** One text's vector, and the tokens that the server counted for it (of a batch: its even share); null where it does not. */
export interface Embedding {
  readonly vector: Float32Array;
  readonly tokens: number | null;
}

const answerSchema = z.object({
  data: z.array(z.object({ index: z.int(), embedding: z.array(z.number()).min(1) })),
  usage: z.object({ prompt_tokens: z.number() }).nullish(),
});

const keptSchema = z.object({ base64: z.string(), tokens: z.number().nullable() });

/**
 * Embeds texts by OpenAI's protocol, so many in a request. Each text's vector is kept on disk as float32, by the content
 * of what was asked: batches of another size ask for nothing twice.
 *
 * @throws Fault as {@link Endpoint.post}
 */
export async function embedTexts(
  endpoint: Endpoint,
  texts: readonly string[],
  { batch, dimensions }: { readonly batch: number; readonly dimensions: number | null },
  onProgress: (done: number) => void = () => {},
): Promise<Embedding[]> {
  const { url, model } = endpoint.plan;
  const how = { encoding_format: 'float', ...(dimensions === null ? {} : { dimensions }) };
  const askedOf = (text: string) => ({ url, model, input: text, ...how });
  const found: (Embedding | undefined)[] = texts.map((text) => {
    const known = keptSchema.safeParse(endpoint.answers.find(idOf(askedOf(text))));
    return known.success ? { vector: unpack(known.data.base64), tokens: known.data.tokens } : undefined;
  });
  const missing = [...found.keys()].filter((i) => found[i] === undefined);
  let done = texts.length - missing.length;
  for (let i = 0; i < done; i++) endpoint.countCached();
  onProgress(done);
  const batches = Array.from({ length: Math.ceil(missing.length / batch) }, (_, b) =>
    missing.slice(b * batch, (b + 1) * batch),
  );
  await allEnded(
    batches.map(async (places) => {
      const input = places.map((i) => texts[i] as string);
      const bytes = input.reduce((sum, text) => sum + Buffer.byteLength(text) + 8, 0);
      const request = {
        path: '/embeddings',
        body: { input, ...how },
        answer: answerSchema.refine(({ data }) => isOneEach(data, input.length)),
        most: { input: bytes, output: 0 },
        used: ({ usage }: z.output<typeof answerSchema>) => (usage ? { input: usage.prompt_tokens, output: 0 } : null),
      };
      await endpoint.post(request, ({ data, usage }) => {
        const tokens = usage ? usage.prompt_tokens / input.length : null;
        for (const { index, embedding } of data) {
          const vector = Float32Array.from(embedding);
          found[places[index]!] = { vector, tokens };
          const asked = askedOf(input[index]!);
          endpoint.answers.keep(idOf(asked), asked, { base64: pack(vector), tokens });
        }
      });
      done += places.length;
      onProgress(done);
    }),
  );
  return found as Embedding[];
}

/** Whether a batch's answer has each text's vector once, all of one width. */
function isOneEach(data: z.output<typeof answerSchema>['data'], texts: number): boolean {
  const indexes = new Set(data.map(({ index }) => index));
  const widths = new Set(data.map(({ embedding }) => embedding.length));
  return (
    data.length === texts &&
    indexes.size === texts &&
    [...indexes].every((index) => index >= 0 && index < texts) &&
    widths.size === 1
  );
}

function pack(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

function unpack(base64: string): Float32Array {
  // A copy, since a pooled buffer need not begin where a float may.
  return new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
}
