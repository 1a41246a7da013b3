import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { CommandModule } from 'yargs';
import { cachedModel } from '../encoder/fetch/model-files.js';
import { PACKAGED_MODEL, packagedCopy } from '../encoder/fetch/packaged-model.js';
import { ask, onPath } from '../native/command.js';
import { findCompiler } from '../native/compile.js';
import { nvidiaDriver } from '../native/driver.js';
import { type Candidate, findTorch } from '../native/find-torch.js';
import { locateAddon, noTorchWanted } from '../native/locate.js';
import { PYTHONS } from '../native/pip.js';
import { readStamp, stillHolds } from '../native/stamp.js';
import { locateBinding } from '../native/tensorflow/stamp.js';
import { reasonOf } from '../plan/fault.js';
import { cacheFolder, packageRoot } from '../plan/places.js';

type Backend = 'torch' | 'tensorflow' | 'wasm';

interface DoctorArguments {
  json: boolean;
}

/** One thing looked at: what it is called, what was found, whether that is as it should be for speed. */
interface Finding {
  readonly name: string;
  readonly found: string;
  readonly good: boolean;
}

/** `reasontune doctor`: what this machine has, which backend `auto` takes here and why. */
export const doctor: CommandModule<object, DoctorArguments> = {
  command: 'doctor',
  describe: 'say what this machine has, which backend is used and why',
  builder: (yargs) =>
    yargs
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .example('$0 doctor', 'what was found, what was chosen, what would make it faster'),
  handler: async ({ json }) => {
    const verdict = chosenBackend();
    const findings = [...(await examine()), ...(await proofs(verdict.backend))];
    console.log(json ? JSON.stringify({ findings, ...verdict }) : page(findings, verdict));
  },
};

/** Everything that decides whether and how fast training runs here. */
async function examine(): Promise<Finding[]> {
  return [
    { name: 'node', found: `${process.versions.node} at ${process.execPath}`, good: true },
    npmPackages(),
    await python(),
    await compiler(),
    ...(await torches()),
    addon(),
    binding(),
    driver(),
    ...machine(),
    ...caches(),
  ];
}

function npmPackages(): Finding {
  const there = existsSync(join(packageRoot, 'node_modules')) || packageRoot.includes('node_modules');
  return { name: 'npm packages', found: there ? 'installed' : 'not installed; run "npm run setup"', good: there };
}

async function python(): Promise<Finding> {
  for (const name of PYTHONS) {
    const path = onPath(name);
    if (path === null) continue;
    const { code, output } = await ask([path, '--version']);
    if (code === 0) return { name: 'python', found: `${output.trim()} at ${path}`, good: true };
  }
  return { name: 'python', found: 'none on PATH; setup needs one with pip to fetch a torch', good: false };
}

async function compiler(): Promise<Finding> {
  const { compiler: found, tried } = await findCompiler();
  return found
    ? { name: 'compiler', found: `${found.command.join(' ')}: ${found.version}`, good: true }
    : { name: 'compiler', found: `none (tried ${tried.join(', ')}); install g++, or set CXX`, good: false };
}

async function torches(): Promise<Finding[]> {
  try {
    const { torch, candidates } = await findTorch();
    return candidates.map(({ origin, place, refused }: Candidate) => ({
      name: `torch (${origin})`,
      found: `${place}: ${refused ?? `setup takes it, ${torch?.version}${torch?.cuda ? ' with CUDA' : ''}`}`,
      good: refused === null,
    }));
  } catch (error) {
    return [{ name: 'torch (LIBTORCH)', found: reasonOf(error), good: false }];
  }
}

function addon(): Finding {
  const path = locateAddon();
  const stamp = readStamp();
  if (path && stamp) {
    const { version, origin, root } = stamp.torch;
    const stale = stillHolds(stamp) ? '' : '; Python or the driver changed since, "npm run setup" chooses again';
    return { name: 'torch backend', found: `${path}, for torch ${version} (${origin}, ${root})${stale}`, good: !stale };
  }
  const found = noTorchWanted() ? 'left out, REASONTUNE_NO_TORCH=1 is set' : 'not compiled; run "npm run setup"';
  return { name: 'torch backend', found, good: false };
}

/** Optional: its absence costs nothing where there is torch. */
function binding(): Finding {
  const located = locateBinding();
  const name = 'tensorflow backend';
  if ('reason' in located) {
    const found = `not ready: ${located.reason}; run "npm run setup -- --tensorflow"`;
    return { name, found, good: locateAddon() !== null };
  }
  const { version, cuda, root } = located.tensorflow;
  const found = `${located.binding}, for TensorFlow ${version}${cuda ? ' with CUDA' : ''} (${root})`;
  return { name, found, good: true };
}

function driver(): Finding {
  const found = nvidiaDriver();
  return { name: 'NVIDIA driver', found: found ?? 'none; the CPU is used', good: found !== null };
}

function machine(): Finding[] {
  const cores = `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown'}`;
  return [
    { name: 'cores', found: cores, good: true },
    { name: 'memory', found: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`, good: totalmem() > 4 * 2 ** 30 },
  ];
}

function caches(): Finding[] {
  const folder = cacheFolder();
  const { bavail, bsize } = statfsSync(nearestExisting(folder));
  const free = (bavail * bsize) / 1e9;
  const cached = cachedModel(PACKAGED_MODEL);
  const model = 'folder' in cached ? cached.folder : packagedCopy();
  return [
    { name: 'cache', found: `${folder}, ${(sizeOf(folder) / 1e9).toFixed(1)} GB`, good: true },
    { name: 'free disk', found: `${free.toFixed(0)} GB`, good: free > 5 },
    { name: 'all-MiniLM-L6-v2', found: model ?? 'not here yet; fetched when first used', good: model !== null },
  ];
}

function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(dirname(folder));
}

function sizeOf(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => {
      // Another process may have removed it since.
      return sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0);
    }, 0);
}

/** Real training steps on every backend that is ready, and on the one that `auto` takes. */
async function proofs(chosen: Backend): Promise<Finding[]> {
  const ready: Backend[] = [];
  if (locateAddon()) ready.push('torch');
  if ('binding' in locateBinding()) ready.push('tensorflow');
  const findings: Finding[] = [];
  for (const backend of ready.includes(chosen) ? ready : [...ready, chosen]) findings.push(await proof(backend));
  return findings;
}

// Each in a process of its own: two such libraries never meet, and one that crashes is a finding like any other.
async function proof(backend: Backend): Promise<Finding> {
  const script = `import(process.argv[1]).then(({ proveBackend }) => proveBackend(process.argv[2])).then(console.log,
    (error) => { console.log(error.message); process.exitCode = 1; })`;
  const prove = new URL('../train/prove.js', import.meta.url).href;
  const { code, output } = await ask([process.execPath, '-e', script, prove, backend], 120);
  const found = output.trim() || (code === null ? 'no answer after 120 s' : `Node ended with ${code} and said nothing`);
  return { name: `proof (${backend})`, found, good: code === 0 };
}

function chosenBackend(): { backend: Backend; why: string } {
  if (locateAddon()) {
    const where = nvidiaDriver() ? 'on the GPU where torch can use it, else on the CPU' : 'on the CPU';
    return { backend: 'torch', why: `setup compiled it here; it runs ${where}` };
  }
  const remedy = noTorchWanted() ? 'unset REASONTUNE_NO_TORCH' : 'run "npm run setup"';
  const lack = 'there is no compiled torch backend';
  if ('binding' in locateBinding()) return { backend: 'tensorflow', why: `${lack}, which is faster: ${remedy}` };
  return { backend: 'wasm', why: `${lack}; it is many times slower: ${remedy}` };
}

function page(findings: readonly Finding[], { backend, why }: { backend: string; why: string }): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.map(({ name, found, good }) => `${good ? ' ' : '-'} ${name.padEnd(width)}  ${found}`);
  return [...lines, '', `backend: auto takes ${backend}: ${why}`].join('\n');
}
