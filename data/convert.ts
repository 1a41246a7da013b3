import { createWriteStream, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Source } from './pairs.js';

/**
 * Writes a source, whatever it was read from, as `<folder>/<source>.jsonl.gz`: a line a pair, {query, pos, neg} with the
 * negatives that training would see, [instruction, text] where there is an instruction, and a teacher's scores.
 */
export async function convertSource(source: Source, folder: string): Promise<{ path: string; lines: number }> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${source.name}.jsonl.gz`);
  const unfinished = `${path}.${process.pid}.tmp`;
  await pipeline(Readable.from(linesOf(source)), createGzip(), createWriteStream(unfinished));
  renameSync(unfinished, path);
  return { path, lines: source.pairs.length };
}

function* linesOf({ pairs, queries, instructions, documents }: Source): Generator<string, void> {
  for (const { query, positive, negatives, scores } of pairs) {
    const instruction = instructions[query]!;
    const record = {
      query: instruction === '' ? queries[query] : [instruction, queries[query]],
      pos: [documents[positive]],
      neg: negatives.map((negative) => documents[negative]),
      ...(scores && { pos_scores: [scores.positive], neg_scores: scores.negatives }),
    };
    yield `${JSON.stringify(record)}\n`;
  }
}
