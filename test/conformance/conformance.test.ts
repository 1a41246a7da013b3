import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../plan/places.js';
import { missing } from './missing.js';

interface Report {
  readonly counts: { passed: number; failed: number; pending: number };
  readonly failures: { name: string; messages: string[] }[];
  readonly registered: string[];
  readonly known: string[];
  readonly live: { tensors: number; bytes: number; native: number };
}

const here = join(packageRoot, 'test/conformance');
const refusedType = /holds float32, int32 and bool, not (string|complex64)/;

/** What a spec needed that the backend does not have: kernels, or the name of a type. */
function lacks({ messages }: { messages: string[] }): string[] {
  const all = messages.join('\n');
  const kernels = [...all.matchAll(/Kernel '(\w+)' not registered for backend 'torch'/g)].map(([, name]) => name!);
  const type = refusedType.exec(all)?.[1];
  return kernels.length === 0 && type ? [type] : kernels;
}

// tfjs-core's npm package holds the specs that its own backends must pass. They are ES modules without file extensions,
// so they are bundled, together with our backend: both must see one tfjs-core.
describe('tfjs-core’s own specs on torch', () => {
  let report: Report;
  beforeAll(async () => {
    const core = join(packageRoot, 'node_modules/@tensorflow/tfjs-core');
    const bundle = join(packageRoot, 'node_modules/.cache/reasontune/conformance.mjs');
    await build({
      stdin: {
        contents: `export * from './environment.ts'; import '${core}/dist/tests.js';`,
        resolveDir: here,
        loader: 'ts',
      },
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'esm',
      mainFields: ['module', 'main'],
      alias: { '@tensorflow/tfjs-core': core },
      external: ['jasmine-core', 'worker_threads', '@tensorflow/tfjs-backend-wasm'],
      // tfjs-core calls its modules free of side effects; describe() is one.
      ignoreAnnotations: true,
      // The specs still ask for modules the CommonJS way.
      banner: {
        js: "import * as nodeModule from 'node:module'; const require = nodeModule.createRequire(import.meta.url);",
      },
    });
    const { stdout } = await promisify(execFile)(process.execPath, [join(here, 'run.mjs'), bundle], {
      maxBuffer: 2 ** 28,
      timeout: 100_000,
    });
    report = JSON.parse(stdout) as Report;
  });

  it('run, all of them', () => {
    const { passed, failed, pending } = report.counts;
    expect(passed + failed + pending).toBeGreaterThan(4200);
  });

  it('pass, but for those that need a kernel or a type that the backend does not have', () => {
    const unexplained = report.failures.filter((failure) => {
      const needs = lacks(failure);
      return needs.length === 0 || needs.some((name) => report.registered.includes(name));
    });
    expect(unexplained).toEqual([]);
  });

  it('leave no tensor behind', () => {
    expect(report.live).toEqual({ tensors: 0, bytes: 0, native: 0 });
  });

  it('and the page on what is missing and why is true', async () => {
    const absent = report.known.filter((name) => !report.registered.includes(name)).sort();
    expect(Object.values(missing).flat().sort()).toEqual(absent);
    await expect(page(report)).toMatchFileSnapshot(join(packageRoot, 'docs/conformance.md'));
  });
});

/** docs/conformance.md. */
function page({ counts, failures, registered, known }: Report): string {
  const here = known.filter((name) => registered.includes(name)).sort();
  const needs = failures.map(lacks);
  const failing = (names: readonly string[]): number =>
    needs.filter((needed) => needed.some((name) => names.includes(name))).length;
  const rows = Object.entries(missing).map(
    ([reason, names]) => `| ${reason} | ${failing(names)} | ${[...names].sort().join(', ')} |`,
  );
  return `# tfjs-core's specs on the torch backend

Written by \`test/conformance\` (\`npx vitest run test/conformance -u\`), which fails when this page is not true.

\`@tensorflow/tfjs-core\` 4.22.0 ships the specs that its own backends must pass. All of them are run on \`torch\`:
**${counts.passed} pass, ${counts.failed} do not, ${counts.pending} are pending** in tfjs itself. Each that does not pass asks for a kernel below or
for a string or complex tensor (${failing(['string', 'complex64'])} specs). No spec of a kernel that the backend has fails. After the run not one
tensor is left, neither in tfjs nor in the addon.

## Kernels that torch has: ${here.length} of ${known.length}

${here.join(', ')}.

## Kernels that it does not have

| reason | specs that need them | kernels |
|---|---|---|
${rows.join('\n')}

A call of one of these ends with tfjs's "Kernel … not registered for backend 'torch'".
`;
}
