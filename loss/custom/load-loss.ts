import { Fault, reasonOf } from '../../plan/fault.js';
import { sha256OfFile } from '../../plan/loss-file.js';
import type { Loss } from '../loss.js';
import { checked } from './checked.js';
import { standardGradients, transpileError, transpileLoss } from './transpile.js';

/**
 * Loads a user's loss from a TypeScript file: its default export, a `Loss`. It runs with all rights of this process.
 * Throws a Fault for a file that is missing, is not the one of this hash, cannot be read as TypeScript, or exports none.
 */
export async function loadLoss(file: string, sha256: string): Promise<Loss> {
  const found = sha256OfFile(file);
  if (found !== sha256) {
    throw new Fault(
      `Expected the loss ${file} as it was when the plan was read, got ${found ? 'another content' : 'no file'}. ` +
        'Restore the file, or remove loss.sha256 from the plan.',
    );
  }
  const exported = await importLoss(file);
  if (typeof exported !== 'function') {
    throw new Fault(
      `Expected a function as the default export of ${file}, got ${exported === undefined ? 'none' : typeof exported}. ` +
        'Write "export default" before the loss.',
    );
  }
  await import(await standardGradients());
  return checked(exported as Loss, file);
}

async function importLoss(file: string): Promise<unknown> {
  try {
    const { default: exported } = (await import(await transpileLoss(file))) as { default?: unknown };
    return exported;
  } catch (error) {
    const wrong = transpileError(error) ?? `an error while it was loaded: ${reasonOf(error)}`;
    throw new Fault(
      `Expected TypeScript that imports nothing but @tensorflow/tfjs-core for ${file}, got ${wrong}. Mend the file.`,
    );
  }
}
