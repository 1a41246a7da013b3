// Makes a fresh clone ready to run: npm packages, the compiled TypeScript, the torch backend. Plain JavaScript with no
// dependencies, because nothing is installed yet. What is done already is skipped: `npm test` runs this every time.
// With --tensorflow the tensorflow backend as well: a wheel of 1 GB, with CUDA and an NVIDIA driver 6 GB.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const packageFile = join(root, 'package.json');
const modules = join(root, 'node_modules');
const packagesStamp = join(modules, '.reasontune-setup');
const AGAIN = 'npm run setup -- --tensorflow';
const say = (line) => process.stderr.write(`setup: ${line}\n`);
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

class Stop extends Error {}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Stop(
      `Expected Node 20.19 or newer, got ${process.versions.node}. Install a newer Node and run this again.`,
    );
  }
}

/** Runs a step whose stamp, a hash of what it depends on, is not the one that its last success left. */
function step(what, stampFile, hash, work) {
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash) return;
  const start = performance.now();
  say(`${what} …`);
  work();
  writeFileSync(stampFile, hash);
  say(`${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

function hashOf(parts) {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('hex');
}

function filesUnder(folder, suffix) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** What npm installs depends on: the dependencies, not the scripts or the description. */
function packagesHash() {
  const { dependencies, devDependencies, optionalDependencies, bundleDependencies } = JSON.parse(
    readFileSync(packageFile, 'utf8'),
  );
  const vendored = readdirSync(join(root, 'vendor')).map((name) =>
    readFileSync(join(root, 'vendor', name, 'package.json')),
  );
  const asked = [dependencies, devDependencies, optionalDependencies, bundleDependencies];
  return hashOf([JSON.stringify(asked), ...vendored]);
}

/** npm writes this file last: newer than package.json, it says that an install by hand was through. */
function installedByHand() {
  const written = statSync(join(modules, '.package-lock.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return !existsSync(packagesStamp) && written > statSync(packageFile).mtimeMs;
}

function installPackages() {
  if (installedByHand()) return;
  mkdirSync(modules, { recursive: true });
  const log = join(modules, '.reasontune-npm.log');
  const npm = process.env.npm_execpath?.endsWith('npm-cli.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  // The compiler is a development dependency, which NODE_ENV=production would leave out.
  const args = [...npm.slice(1), 'install', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const out = openSync(log, 'w');
  const { status, error } = spawnSync(npm[0], args, { cwd: root, env: npmEnvironment(), stdio: ['ignore', out, out] });
  closeSync(out);
  if (error)
    throw new Stop(`npm could not be started (${error.message}). Put npm on PATH and run "node setup.mjs" again.`);
  if (status !== 0) {
    const complaint = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => /^npm error (?!code|errno|A complete log)/.test(line))[0];
    throw new Stop(
      `npm install failed${complaint ? ` (${complaint.slice(10)})` : ''}. Read ${log}, check the network and npm's registry setting, and run "node setup.mjs" again.`,
    );
  }
  rmSync(log);
}

/**
 * Our environment without what an `npm run` around us says about itself: a nested npm would read that as its own
 * command line (`npm --prefix here run setup`, `npm run setup --dry-run`). The user's npm_config_registry and such stay.
 */
function npmEnvironment() {
  const own = /^(npm_(lifecycle|package|command|execpath|node_execpath)|INIT_CWD$)/i;
  const aboutTheRun = /^npm_config_(local_prefix|prefix|global|location|workspaces?|dry_run|package_lock_only)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name) && !aboutTheRun.test(name)));
}

/** The sources by name, size and time of change: a thousandth of the time that compiling takes. */
function sourcesHash(config) {
  const folders = config.include.map((folder) => join(root, folder)).filter((folder) => existsSync(folder));
  const sources = folders.flatMap((folder) =>
    ['.ts', '.css', '.html', '.svg', '.mjs'].flatMap((end) => filesUnder(folder, end)),
  );
  const marks = sources.map((file) => {
    const { size, mtimeMs } = statSync(file);
    return `${relative(root, file)} ${size} ${mtimeMs}`;
  });
  const settings = ['tsconfig.json', 'tsconfig.build.json'].map((name) => readFileSync(join(root, name)));
  return hashOf([...marks, ...settings, readFileSync(packagesStamp)]);
}

function compileSources() {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status === 0) {
    bundlePage();
    return;
  }
  process.stderr.write(stdout ?? '');
  throw new Stop(
    'The TypeScript sources do not compile: see the lines above. Correct them and run "node setup.mjs" again.',
  );
}

/** The board's page, which a browser reads as one script. */
function bundlePage() {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'board', 'bundle.mjs')], { encoding: 'utf8' });
  if (status === 0) return;
  process.stderr.write(stderr ?? '');
  throw new Stop('The page of the board cannot be bundled: see the lines above. Run "node setup.mjs" again.');
}

/** The torch backend; whatever it lacks, the wasm backend still runs everything. */
async function setUpTorch() {
  const slow = (reason) =>
    say(`no torch backend: ${reason}. The wasm backend, many times slower, will be used; "npm run setup" tries again.`);
  try {
    const { setUpNative } = await import('./dist/native/setup.js');
    const result = await setUpNative();
    if ('reason' in result) slow(result.reason);
  } catch (error) {
    // What the user asked for by name and got wrong is theirs to correct.
    if (error?.name === 'Fault') throw new Stop(error.message);
    slow(messageOf(error));
  }
}

/** The tensorflow backend, for who asks for it: then its absence is a failure. */
async function setUpTensorFlow() {
  const { setUpTensorFlow: setUp } = await import('./dist/native/tensorflow/setup.js');
  const result = await setUp();
  if ('reason' in result) throw new Stop(`no tensorflow backend: ${result.reason}. "${AGAIN}" tries again.`);
}

try {
  const [unknown] = process.argv.slice(2).filter((word) => word !== '--tensorflow');
  if (unknown !== undefined) throw new Stop(`Expected --tensorflow or nothing, got ${unknown}. Run "${AGAIN}".`);
  checkNode();
  step('npm packages', packagesStamp, packagesHash(), installPackages);
  const config = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8'));
  step('TypeScript', join(root, 'dist', '.setup'), sourcesHash(config), compileSources);
  await setUpTorch();
  if (process.argv.includes('--tensorflow')) await setUpTensorFlow();
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  say(error.message);
  process.exitCode = 1;
}
