// What test/endpoint/kill.test.ts kills: questions asked and answers written, from where the last start stopped.
import { join } from 'node:path';
import { z } from 'zod';
import { allEnded } from '../../endpoint/all-ended.js';
import { Endpoint } from '../../endpoint/endpoint.js';
import { Journal } from '../../endpoint/journal.js';
import { askFor } from '../../endpoint/structured.js';
import { endpoint as endpointSchema } from '../../plan/endpoint.js';

const [folder = '', url = '', questions = '0'] = process.argv.slice(2);
const plan = endpointSchema.parse({ url, model: 'm', concurrency: 8 });
const endpoint = new Endpoint(plan, { folder: join(folder, 'answers'), run: folder });
const written = new Journal(join(folder, 'out.jsonl'), {
  schema: z.strictObject({ id: z.string(), text: z.string(), call: z.string() }),
  keyOf: ({ id }) => id,
});
await allEnded(
  Array.from({ length: Number(questions) }, async (_, i) => {
    const id = `question ${i}`;
    if (written.has(id)) return;
    const messages = [{ role: 'user', content: id } as const];
    const { value, call } = await askFor(endpoint, {
      messages,
      schema: z.strictObject({ text: z.string() }),
      longest: 20,
    });
    if (value) written.add({ id, text: value.text, call });
  }),
);
const { spent, spentInAll } = endpoint;
written.close();
endpoint.close();
console.log(JSON.stringify({ spent, spentInAll }));
