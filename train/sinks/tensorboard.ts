import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { PbfWriter } from 'pbf';
import type { OpenSink } from './sink.js';

/** TensorBoard's event files: TFRecords of tensorflow.Event (tensorflow/core/util/event.proto), scalars alone. */
export const tensorboard: OpenSink = (folder, { began }) => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `events.out.tfevents.${Math.floor(began)}.${hostname()}`);
  const write = (time: number, fill: (event: PbfWriter) => void): void => {
    const event = new PbfWriter();
    event.writeDoubleField(1, time);
    fill(event);
    appendFileSync(file, record(Buffer.from(event.finish())));
  };
  write(began, (event) => event.writeStringField(3, 'brain.Event:2'));
  return {
    add: ({ step, time, values }) =>
      write(time, (event) => {
        event.writeVarintField(2, step);
        event.writeMessage(5, writeSummary, values);
      }),
    close: () => {},
  };
};

function writeSummary(values: Readonly<Record<string, number>>, summary: PbfWriter): void {
  for (const [tag, value] of Object.entries(values)) summary.writeMessage(1, writeValue, { tag, value });
}

function writeValue({ tag, value }: { tag: string; value: number }, writer: PbfWriter): void {
  writer.writeStringField(1, tag);
  writer.writeFloatField(2, value);
}

/** A TFRecord: length (uint64), its checksum, the data, their checksum. */
function record(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, masked(length), data, masked(data)]);
}

/** CRC-32C, turned and shifted so that a checksum of checksums is none of its own (tensorflow/core/lib/hash/crc32c.h). */
function masked(data: Buffer): Buffer {
  const sum = crc32c(data);
  const turned = ((sum >>> 15) | (sum << 17)) >>> 0;
  const out = Buffer.alloc(4);
  out.writeUInt32LE((turned + 0xa282ead8) >>> 0);
  return out;
}
