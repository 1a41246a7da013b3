import {
  createReadStream,
  createWriteStream,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type OpenAI from 'openai';
import { Fault } from '../plan/fault.js';
import type { BatchFiles } from './batch-files.js';

type Batch = Awaited<ReturnType<OpenAI['batches']['retrieve']>>;

const going = new Set<Batch['status']>(['validating', 'in_progress', 'finalizing', 'cancelling']);
// What is only looked at may be looked at again.
const looking = { maxRetries: 5 };
// So far back a batch is looked for that was submitted by a process that did not live to note it.
const mostLookedThrough = 500;

/**
 * Has a requests file answered by OpenAI's Batch API: uploaded, submitted, waited for, fetched. A batch that was submitted
 * before is found again, by its number in `NAME.batch` or by its name in the server's list: it is paid once.
 *
 * @throws Fault a file that the server will not have
 */
export async function answerByApi(client: OpenAI, files: BatchFiles, name: string, secondsBetween: number) {
  const note = join(files.folder, `${name}.batch`);
  const id = existsSync(note) ? readFileSync(note, 'utf8').trim() : await submitted(client, files, name);
  writeFileSync(note, `${id}\n`);
  let batch = await client.batches.retrieve(id, looking);
  while (going.has(batch.status)) {
    await wait(secondsBetween * 1000);
    batch = await client.batches.retrieve(id, looking);
  }
  if (batch.status === 'failed') {
    // Once the plan is corrected, a batch of another name is made.
    for (const file of [files.requests(name), note]) rmSync(file);
    const [first] = batch.errors?.data ?? [];
    throw new Fault(
      `Expected batch ${id} to be taken, got ${JSON.stringify(first?.message ?? 'failed')}. Correct the plan.`,
    );
  }
  const part = `${files.answers(name)}.part`;
  writeFileSync(part, '');
  for (const file of [batch.output_file_id, batch.error_file_id]) {
    if (!file) continue;
    const { body } = await client.files.content(file, looking);
    if (body)
      await pipeline(
        Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]),
        createWriteStream(part, { flags: 'a' }),
      );
  }
  renameSync(part, files.answers(name));
}

async function submitted(client: OpenAI, files: BatchFiles, name: string): Promise<string> {
  let seen = 0;
  for await (const { id, metadata } of client.batches.list({ limit: 100 }, looking)) {
    if (metadata?.reasontune === name) return id;
    if (++seen === mostLookedThrough) break;
  }
  const file = await client.files.create({ file: createReadStream(files.requests(name)), purpose: 'batch' }, looking);
  const [first] = readFileSync(files.requests(name), 'utf8').split('\n', 1);
  const { url } = JSON.parse(first as string);
  // Not tried again by the client: an answer that is lost would be a second batch. It is looked for in the list first.
  const { id } = await client.batches.create({
    input_file_id: file.id,
    endpoint: url,
    completion_window: '24h',
    metadata: { reasontune: name },
  });
  return id;
}
