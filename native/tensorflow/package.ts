import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The npm package that holds the tfjs backend and the C++ of its binding; an optional dependency of ours. */
export const PACKAGE = '@tensorflow/tfjs-node-gpu';

export interface NodePackage {
  readonly folder: string;
  readonly version: string;
  /** The C++ files to compile. */
  readonly sources: readonly string[];
  /** Their own headers. */
  readonly headers: readonly string[];
}

const SOURCES = ['tfjs_backend.cc', 'tfjs_binding.cc'] as const;
const HEADERS = [
  'napi_auto_ref.h',
  'tf_auto_status.h',
  'tf_auto_tensor.h',
  'tfe_auto_op.h',
  'tfjs_backend.h',
  'utils.h',
] as const;

/** The installed package, or null where npm left it out. */
export function nodePackage(): NodePackage | null {
  try {
    const file = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    const inBinding = (names: readonly string[]): string[] => names.map((name) => join(dirname(file), 'binding', name));
    return { folder: dirname(file), version, sources: inBinding(SOURCES), headers: inBinding(HEADERS) };
  } catch {
    return null;
  }
}
