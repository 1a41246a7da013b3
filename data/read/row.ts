/** One record of a file, whatever its format. */
export interface Row {
  /** `file.jsonl:12`, or `file.parquet row 12`: what a message says. */
  readonly where: string;
  readonly value: unknown;
}

/** A value of a columnar file as JSON has it: lists are arrays, structs objects, 64-bit integers numbers. */
export function plainValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plainValue);
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, plainValue);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)]));
}
