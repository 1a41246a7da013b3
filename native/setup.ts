import { buildAddon, type Compiler, findCompiler } from './build.js';
import { ask } from './command.js';
import { findTorch, type Torch } from './find-torch.js';
import { installTorch } from './install-torch.js';
import { noTorchWanted } from './locate.js';
import { say } from './progress.js';
import { readStamp, stillHolds, writeStamp } from './stamp.js';

/**
 * Gets the torch backend ready: finds libtorch or installs one, compiles the addon against it, loads it once as a proof.
 * Done already, it only reads a stamp. Never throws for what a machine lacks: it says the reason.
 * @throws Fault when LIBTORCH is set but cannot serve.
 */
export async function setUpNative(): Promise<{ addon: string } | { reason: string }> {
  if (noTorchWanted()) return { reason: 'REASONTUNE_NO_TORCH=1 is set' };
  if (process.platform !== 'linux') return { reason: 'the torch backend is made for Linux' };
  const stamp = readStamp();
  if (stamp && stillHolds(stamp)) return { addon: stamp.addon };

  // Asked first: a gigabyte of torch is no use without one.
  const { compiler, tried } = await findCompiler();
  if (!compiler) return { reason: `no C++ compiler (tried ${tried.join(', ')}); install g++ 10 or newer, or set CXX` };
  return chooseAndBuild(compiler);
}

/** Goes through the torches found until one compiles and loads; when none is left, installs our own. */
async function chooseAndBuild(compiler: Compiler): Promise<{ addon: string } | { reason: string }> {
  const failed = new Map<string, string>();
  let installed = false;
  for (;;) {
    const { torch, sites } = await findTorch(failed);
    if (torch) {
      const result = await buildAndProve(torch, compiler, sites);
      if ('addon' in result) {
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

async function buildAndProve(
  torch: Torch,
  compiler: Compiler,
  sites: readonly string[],
): Promise<{ addon: string } | { reason: string }> {
  const built = await buildAddon(torch, compiler);
  if ('reason' in built) return built;
  const complaint = await loadComplaint(built.addon);
  if (complaint) return { reason: `the compiled addon does not load: ${complaint}` };
  writeStamp(built.addon, torch, sites);
  return built;
}

// In a process of its own: a library that crashes while it is loaded must not take us with it.
async function loadComplaint(addon: string): Promise<string | null> {
  const script = 'try { require(process.argv[1]) } catch (error) { console.log(error.message); process.exitCode = 1 }';
  const { code, output } = await ask([process.execPath, '-e', script, addon], 120);
  return code === 0 ? null : output.trim().split('\n')[0] || 'Node crashed';
}
