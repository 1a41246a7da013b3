import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentMark, fileMark, stampPath, writeStampFile } from '../stamp-file.js';
import { type NodePackage, nodePackage, PACKAGE } from './package.js';
import { LIBRARIES, type TensorFlow } from './wheel.js';

// Raised whenever a Stamp means something else: an older one is then not read.
const FORMAT = '1';

/** What setup compiled, and against what. */
interface Stamp {
  readonly binding: string;
  /** Identifies the binding's own file: one cut short after it was proved has another. */
  readonly compiled: string;
  readonly tensorflow: TensorFlow;
  /** Identifies the libraries compiled against. */
  readonly libraries: readonly string[];
}

/** A compiled binding, and what it was compiled against. */
export interface Binding {
  readonly binding: string;
  readonly tensorflow: TensorFlow;
}

/**
 * The binding that setup left, or which need is missing. Looks only: it installs and compiles nothing and starts no
 * process.
 */
export function locateBinding(): Binding | { readonly reason: string } {
  const found = nodePackage();
  if (!found) return { reason: `the optional npm package ${PACKAGE} is not installed` };
  const stamp = readStamp(found);
  if (!stamp) return { reason: 'its binding is not compiled' };
  const { binding, tensorflow } = stamp;
  if (marksOf(LIBRARIES.map((name) => join(tensorflow.root, name))) !== stamp.libraries.join()) {
    return { reason: `the TensorFlow libraries in ${tensorflow.root} are gone or not those it was compiled against` };
  }
  if (marksOf([binding]) !== stamp.compiled) return { reason: `its compiled binding ${binding} is gone or damaged` };
  return { binding, tensorflow };
}

/** Leaves a stamp for the next setup and for every run. */
export function writeStamp(found: NodePackage, { binding, tensorflow }: Binding): void {
  const libraries = LIBRARIES.map((name) => fileMark(join(tensorflow.root, name)));
  const stamp: Stamp = { binding, compiled: fileMark(binding), tensorflow, libraries };
  writeStampFile(stampFile(found), stamp);
}

function readStamp(found: NodePackage): Stamp | null {
  try {
    return JSON.parse(readFileSync(stampFile(found), 'utf8')) as Stamp;
  } catch {
    // None, or not readable any more: setup makes a new one.
    return null;
  }
}

function marksOf(files: readonly string[]): string | null {
  try {
    return files.map(fileMark).join();
  } catch {
    return null;
  }
}

function stampFile({ sources, headers }: NodePackage): string {
  return stampPath(contentMark([...sources, ...headers]), 'tensorflow', FORMAT);
}
