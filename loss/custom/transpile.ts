import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildFailure, type BuildOptions, build, type Plugin } from 'esbuild';
import { sha256 } from '../../plan/loss-file.js';
import { cacheFolder } from '../../plan/places.js';
import { writeWhole } from '../../plan/whole-file.js';

const { resolve } = createRequire(import.meta.url);

/** The tfjs that this process runs: a second copy of it would know none of our backends. */
const ownTfjs = pathToFileURL(resolve('@tensorflow/tfjs-core')).href;

/** Lets a loss import tfjs-core and nothing else (imports of types are gone by now): its file is all that it is. */
const onlyTfjs: Plugin = {
  name: 'only-tfjs',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path }) => {
      if (kind === 'entry-point') return undefined;
      if (path === '@tensorflow/tfjs-core') return { path: ownTfjs, external: true };
      return { errors: [{ text: `an import of "${path}"` }] };
    });
  },
};

/** Makes a TypeScript file a module that Node can import, and says where that lies. Throws esbuild's BuildFailure. */
export function transpileLoss(file: string): Promise<string> {
  return toModule({ entryPoints: [file], plugins: [onlyTfjs] });
}

/**
 * tfjs-core's gradients of its own kernels, as a module. Its bundle for Node leaves them out, and the files beside it
 * are none that Node can import; they find the running engine by themselves.
 */
export function standardGradients(): Promise<string> {
  const contents = "import '@tensorflow/tfjs-core/dist/register_all_gradients.js'";
  return toModule({ stdin: { contents, resolveDir: dirname(resolve('@tensorflow/tfjs-core')) } });
}

async function toModule(options: BuildOptions): Promise<string> {
  const common = { bundle: true, format: 'esm', platform: 'node', write: false, logLevel: 'silent' } as const;
  const { outputFiles } = await build({ ...options, ...common });
  const { contents } = outputFiles[0] as { contents: Uint8Array };
  const file = cacheFolder('losses', `${sha256(contents)}.mjs`);
  writeWhole(file, contents);
  return pathToFileURL(file).href;
}

/** The first error of a file that could not be transpiled, with its line; null for any other error. */
export function transpileError(error: unknown): string | null {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  return first ? `${first.text}${first.location ? ` in line ${first.location.line}` : ''}` : null;
}
