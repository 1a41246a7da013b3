import { torchAddon } from './build.js';
import { type Built, type Compiler, compileAndLoad, findCompiler, noCompiler } from './compile.js';
import { findTorch } from './find-torch.js';
import { installTorch } from './install-torch.js';
import { noTorchWanted } from './locate.js';
import { say } from './progress.js';
import { readStamp, stillHolds, writeStamp } from './stamp.js';

/**
 * Gets the torch backend ready: finds libtorch or installs one, compiles the addon against it, loads it once as a proof.
 * Done already, it only reads a stamp. Never throws for what a machine lacks: it says the reason.
 * @throws Fault when LIBTORCH is set but cannot serve.
 */
export async function setUpNative(): Promise<Built> {
  if (noTorchWanted()) return { reason: 'REASONTUNE_NO_TORCH=1 is set' };
  if (process.platform !== 'linux') return { reason: 'the torch backend is made for Linux' };
  const stamp = readStamp();
  if (stamp && stillHolds(stamp)) return { addon: stamp.addon };

  // Asked first: a gigabyte of torch is no use without one.
  const { compiler, tried } = await findCompiler();
  return compiler ? chooseAndBuild(compiler) : { reason: noCompiler(tried) };
}

/** Goes through the torches found until one compiles and loads; when none is left, installs our own. */
async function chooseAndBuild(compiler: Compiler): Promise<Built> {
  const failed = new Map<string, string>();
  let installed = false;
  for (;;) {
    const { torch, sites } = await findTorch(failed);
    if (torch) {
      const result = await compileAndLoad(torchAddon(torch), compiler);
      if ('addon' in result) {
        writeStamp(result.addon, torch, sites);
        say(`the torch backend is ready: torch ${torch.version} (${torch.origin}${torch.cuda ? ', with CUDA' : ''})`);
        return result;
      }
      failed.set(torch.root, result.reason);
      // What the user named, and what we pinned ourselves, has no better replacement.
      if (torch.origin !== 'python') return result;
      say(`torch ${torch.version} in ${torch.root} does not serve: ${result.reason}`);
    } else {
      if (installed) return { reason: [...failed.values()].at(-1) ?? 'the installed torch cannot be used' };
      const reason = await installTorch();
      if (reason) return { reason };
      installed = true;
    }
  }
}
