import { readFileSync } from 'node:fs';

/** An integer tensor of a safetensors file, which the product itself has no use for. */
export function readIntegers(file: string, name: string): Int32Array {
  const bytes = readFileSync(file);
  const headerBytes = Number(bytes.readBigUInt64LE());
  const entry = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString('utf8'))[name];
  const [begin, end] = entry.data_offsets as [number, number];
  const values = bytes.subarray(8 + headerBytes + begin, 8 + headerBytes + end);
  if (entry.dtype === 'I64')
    return Int32Array.from({ length: values.length / 8 }, (_, i) => Number(values.readBigInt64LE(i * 8)));
  if (entry.dtype === 'I32') return Int32Array.from({ length: values.length / 4 }, (_, i) => values.readInt32LE(i * 4));
  throw new Error(`${name} is ${entry.dtype}`);
}
