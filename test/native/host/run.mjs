// Compiles what of the addon needs no libtorch with what checks it, for one kind of processor after the other.
//   [CXX=clang++] node test/native/host/run.mjs [native avx512 avx2 sse2 pool]
// All but `pool`, which is as the addon is compiled, with AddressSanitizer and UndefinedBehaviorSanitizer. Exits with 1
// where numbers are off or memory is read that is not the kernels'. The processor must know the instructions.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const processor = process.arch === 'x64' ? '-march=native' : '-mcpu=native';
// The last annotation tells AddressSanitizer where a vector ends that has room for more.
const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-D_GLIBCXX_SANITIZE_VECTOR'];
const sanitized = ['-O1', '-g', ...sanitizers];
const kinds = {
  native: [processor, ...sanitized],
  avx512: ['-march=x86-64-v4', ...sanitized],
  avx2: ['-mavx2', '-mfma', ...sanitized],
  sse2: ['-march=x86-64', ...sanitized],
  pool: [processor, '-O3', '-Wl,--no-as-needed', '-lgomp'],
};

const programs = [
  ['../../../native/kernels/column-sums.cpp', './column-sums.cpp'],
  ['./blocks.cpp'],
  ['../../../native/kernels/linear.cpp', './linear.cpp'],
  ['../../../native/kernels/weight-gradient.cpp', './weight-gradient.cpp'],
  [
    '../../../native/kernels/attention-forward.cpp',
    '../../../native/kernels/attention-backward.cpp',
    './attention.cpp',
  ],
].map((files) => files.map((file) => fileURLToPath(new URL(file, import.meta.url))));
const named = process.argv.slice(2);
const [compiler, ...words] = (process.env.CXX || 'c++').split(' ');
const scratch = mkdtempSync(join(tmpdir(), 'reasontune-kernels-'));
const program = join(scratch, 'check');
const chosen = named.length > 0 ? named : Object.keys(kinds);
for (const [kind, sources] of chosen.flatMap((kind) => programs.map((sources) => [kind, sources]))) {
  const build = ['-std=c++20', '-Wall', '-Wextra', '-Werror', ...sources, ...kinds[kind], '-o', program];
  const made = [[compiler, ...words, ...build], [program]].every(([command, ...args]) => {
    const { status, signal, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    process.stdout.write(`${kind}: ${stdout || stderr || (status === 0 ? 'compiled\n' : `${status ?? signal}\n`)}`);
    if (stdout && stderr) process.stdout.write(stderr);
    return status === 0;
  });
  if (!made) process.exitCode = 1;
}
rmSync(scratch, { recursive: true });
