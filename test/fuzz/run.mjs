// Calls the native door with right and wrong arguments, by chance that a seed repeats, and says what came of it.
//   npm run build && node test/fuzz/run.mjs [--calls 100000] [--seed 1] [--asan]
// --asan compiles the addon with AddressSanitizer first (g++). Exits with 1 on a crash, a leak or a nameless message.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';

const { values: given } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    asan: { type: 'boolean', default: false },
  },
});
const scratch = fileURLToPath(new URL('../../node_modules/.cache/reasontune/', import.meta.url));
mkdirSync(scratch, { recursive: true });
const [bundle, journal, reports] = ['fuzz.mjs', `fuzz-${process.pid}.last`, `asan-${process.pid}`].map((name) =>
  join(scratch, name),
);
buildSync({
  entryPoints: [fileURLToPath(new URL('./main.ts', import.meta.url))],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
});

const made = spawnSync(process.execPath, ['--expose-gc', bundle, given.calls, given.seed, journal], {
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
  env: { ...process.env, ...(given.asan ? await sanitized() : {}) },
});
const outcome = made.status === 0 ? JSON.parse(made.stdout) : null;
const findings = readdirSync(scratch)
  .filter((file) => join(scratch, file).startsWith(`${reports}.`))
  .map((file) => readFileSync(join(scratch, file), 'utf8'))
  .flatMap((text) => text.split(/\n(?=(?:Direct|Indirect) leak|==\d+==ERROR)/))
  // V8 and libtorch keep things to the end on purpose; what our own code allocated has it as the first caller.
  .filter((report) => /ERROR: AddressSanitizer/.test(report) || /#[12] .*reasontune::|#[12] .*addon\.cpp/.test(report));
if (outcome) console.log(JSON.stringify({ seed: Number(given.seed), ...outcome }, null, 2));
else
  console.error(
    `crashed (${made.signal ?? made.status}) at call ${readFileSync(journal, 'utf8').trim()}\n${made.stderr}`,
  );
if (given.asan)
  console.log(findings.length === 0 ? 'AddressSanitizer: nothing found in the addon' : findings.join('\n'));
rmSync(journal, { force: true });
process.exitCode = outcome && outcome.leaked === 0 && outcome.nameless.length === 0 && findings.length === 0 ? 0 : 1;

/** Compiles the addon with the sanitizer, and gives the environment in which Node can load it. */
async function sanitized() {
  const { torchAddon } = await import('../../dist/native/build.js');
  const { findCompiler } = await import('../../dist/native/compile.js');
  const { findTorch } = await import('../../dist/native/find-torch.js');
  const [{ compiler }, { torch }] = [await findCompiler(), await findTorch()];
  const addon = join(scratch, 'asan.node');
  // The kernels' scratch memory is vectors: AddressSanitizer is told where those end that have room for more.
  const flags = [
    '-fsanitize=address',
    '-D_GLIBCXX_SANITIZE_VECTOR',
    '-fno-omit-frame-pointer',
    '-g',
    '-O1',
    '-o',
    addon,
  ];
  const [program, ...rest] = compiler.command;
  const built = spawnSync(program, [...rest, ...torchAddon(torch).args, ...flags], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  const library = spawnSync(program, [...rest, '-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim();
  return {
    REASONTUNE_ADDON: addon,
    LD_PRELOAD: library,
    // A refused allocation is an error to be reported, as it is without the sanitizer; C++ exceptions of libtorch cross
    // code that is not instrumented.
    ASAN_OPTIONS: `log_path=${reports}:allocator_may_return_null=1:detect_leaks=1:exitcode=0:alloc_dealloc_mismatch=0`,
  };
}
