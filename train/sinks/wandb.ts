import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { PbfWriter } from 'pbf';
import type { OpenSink, Point, RunFacts } from './sink.js';

// A transaction log in LevelDB's form: blocks of 32 KiB, records of a header of 7 bytes (checksum, length, kind) and data;
// a record that a block has no room for goes on in the next.
const block = 32768;
const header = 7;
const kinds = { whole: 1, first: 2, middle: 3, last: 4 } as const;

/**
 * An offline run of Weights & Biases, as `wandb sync` takes it up: `offline-run-<time>-<id>/run-<id>.wandb`, a log of
 * wandb_internal.Record (wandb/proto/wandb_internal.proto in wandb 0.31: version, run with its settings, history, exit).
 * The id is made of the run's name and the plan's hash, so that a run that goes on is the same run.
 */
export const wandb: OpenSink = (folder, facts) => {
  rmSync(folder, { recursive: true, force: true });
  const id = `${facts.hash}`;
  const at = new Date(facts.began * 1000).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '_');
  const run = join(folder, `offline-run-${at}-${id}`);
  mkdirSync(join(run, 'files'), { recursive: true });
  const file = join(run, `run-${id}.wandb`);
  writeFileSync(file, Buffer.from([...Buffer.from(':W&B'), 0xe1, 0xbe, 0]));
  let [length, records] = [header, 0];
  const write = (fill: (record: PbfWriter) => void): void => {
    const record = new PbfWriter();
    record.writeVarintField(1, ++records);
    fill(record);
    const bytes = inBlocks(Buffer.from(record.finish()), length);
    appendFileSync(file, bytes);
    length += bytes.length;
  };
  write((record) => record.writeMessage(21, writeVersion, null));
  write((record) => record.writeMessage(17, writeRun, { id, facts }));
  return {
    add: (point) => write((record) => record.writeMessage(2, writeHistory, { point, began: facts.began })),
    close: () => write((record) => record.writeMessage(18, () => {}, null)),
  };
};

function writeVersion(_: null, writer: PbfWriter): void {
  writer.writeMessage(
    1,
    (_version: null, version) => {
      version.writeStringField(1, '0.31.0');
      version.writeStringField(2, '0.70.0');
    },
    null,
  );
}

function writeRun({ id, facts }: { id: string; facts: RunFacts }, run: PbfWriter): void {
  run.writeStringField(1, id);
  run.writeStringField(3, 'reasontune');
  run.writeMessage(
    4,
    (settings: RunFacts['settings'], config) => {
      for (const [key, value] of Object.entries(settings)) config.writeMessage(1, writeSetting, { key, value });
    },
    facts.settings,
  );
  run.writeStringField(8, facts.name);
  run.writeMessage(17, (began: number, time) => time.writeVarintField(1, Math.floor(began)), facts.began);
}

function writeSetting({ key, value }: { key: string; value: unknown }, item: PbfWriter): void {
  item.writeStringField(1, key);
  item.writeStringField(16, JSON.stringify(value));
}

function writeHistory({ point, began }: { point: Point; began: number }, history: PbfWriter): void {
  const { step, time, values } = point;
  const items = { ...values, _timestamp: time, _runtime: time - began, _step: step };
  for (const [key, value] of Object.entries(items)) history.writeMessage(1, writeItem, { key, value });
  history.writeMessage(2, (at: number, writer) => writer.writeVarintField(1, at), step);
}

function writeItem({ key, value }: { key: string; value: number }, item: PbfWriter): void {
  // The nested key's only part: a dot or slash in a name means nothing.
  item.writeStringField(2, key);
  item.writeStringField(16, JSON.stringify(value));
}

/** A record's bytes as they go into the log behind `before` bytes. */
function inBlocks(data: Buffer, before: number): Buffer {
  const out: Buffer[] = [];
  let [at, done] = [before, 0];
  do {
    let room = block - (at % block);
    if (room < header) {
      out.push(Buffer.alloc(room));
      at += room;
      room = block;
    }
    const part = data.subarray(done, done + room - header);
    const [begins, ends] = [done === 0, done + part.length === data.length];
    const kind = begins ? (ends ? kinds.whole : kinds.first) : ends ? kinds.last : kinds.middle;
    const head = Buffer.alloc(header);
    head.writeUInt32LE(crc32(part, crc32(Buffer.from([kind]))));
    head.writeUInt16LE(part.length, 4);
    head[6] = kind;
    out.push(head, part);
    at += header + part.length;
    done += part.length;
  } while (done < data.length);
  return Buffer.concat(out);
}
