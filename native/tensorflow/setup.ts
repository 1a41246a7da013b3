import { type Built, compileAndLoad, findCompiler, noCompiler } from '../compile.js';
import { say } from '../progress.js';
import { tensorflowBinding } from './binding.js';
import { nodePackage, PACKAGE } from './package.js';
import { locateBinding, writeStamp } from './stamp.js';
import { installTensorFlow, isWhole, loadingFault, wantedTensorFlow } from './wheel.js';

/**
 * Gets the tensorflow backend ready: installs TensorFlow's wheel, compiles the npm package's binding against it, loads it
 * once as a proof. Done already, it only reads a stamp. Never throws for what a machine lacks: it says the reason.
 */
export async function setUpTensorFlow(): Promise<Built> {
  if (process.platform !== 'linux') return { reason: 'the tensorflow backend is made for Linux' };
  const found = nodePackage();
  if (!found) {
    const remedy = 'run "npm install --include=optional" and see what it says of it';
    return { reason: `the optional npm package ${PACKAGE} is not installed; ${remedy}` };
  }
  const wanted = wantedTensorFlow();
  const there = locateBinding();
  // A driver that came or went calls for the other wheel.
  if ('binding' in there && there.tensorflow.root === wanted.root) return { addon: there.binding };

  // Asked first: a gigabyte of TensorFlow is no use without one.
  const { compiler, tried } = await findCompiler();
  if (!compiler) return { reason: noCompiler(tried) };
  const reason = (isWhole(wanted) ? null : await installTensorFlow(wanted)) ?? (await loadingFault(wanted));
  if (reason) return { reason };
  const built = await compileAndLoad(tensorflowBinding(found, wanted), compiler);
  if ('reason' in built) return built;
  writeStamp(found, { binding: built.addon, tensorflow: wanted });
  say(`the tensorflow backend is ready: TensorFlow ${wanted.version}${wanted.cuda ? ' with CUDA' : ''}`);
  return built;
}
