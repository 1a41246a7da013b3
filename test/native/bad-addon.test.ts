import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { locateAddon } from '../../native/locate.js';
import { useBackend } from '../../tensor/backend.js';

vi.mock('../../native/locate.js', { spy: true });

// What may lie where setup left the addon: each ends in a Fault that says what is wrong, never in a crash.
describe('an addon that cannot serve', () => {
  let folder: string;
  let whole: Buffer;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'reasontune-addon-'));
    whole = readFileSync(locateAddon() as string);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const place = (name: string, content: Buffer | string): string => {
    const file = join(folder, `${name}.node`);
    writeFileSync(file, content);
    return file;
  };
  /** A library of our own making, as one compiled against another torch would be. */
  const compile = (name: string, source: string, ...flags: string[]): string => {
    const file = join(folder, `${name}.node`);
    const code = join(folder, `${name}.c`);
    writeFileSync(code, source);
    execFileSync('cc', ['-shared', '-fPIC', code, '-o', file, ...flags]);
    return file;
  };

  const cases: [string, () => string, RegExp][] = [
    ['is not there', () => join(folder, 'none.node'), /no such file/],
    ['is empty', () => place('empty', ''), /not a whole library/],
    ['is no library', () => place('text', 'half-built'.repeat(100)), /not a whole library/],
    ['was cut in half', () => place('half', whole.subarray(0, whole.length / 2)), /not a whole library/],
    ['lacks its last bytes', () => place('short', whole.subarray(0, -64)), /not a whole library/],
    [
      'wants a symbol of another torch',
      () => compile('symbol', 'extern int _ZN2at10other_torchEv(void); int (*wanted)(void) = _ZN2at10other_torchEv;'),
      /undefined symbol: _ZN2at10other_torchEv/,
    ],
    [
      'wants a library that is not there',
      () => {
        const needed = join(folder, 'libneeded.so');
        copyFileSync(compile('needed', 'int needed(void) { return 1; }', '-Wl,-soname,libneeded.so'), needed);
        const file = compile('needs', 'extern int needed(void); int f(void) { return needed(); }', needed);
        rmSync(needed);
        return file;
      },
      /libneeded\.so/,
    ],
    ['is no addon of Node', () => compile('plain', 'int answer(void) { return 42; }'), /Module did not self-register/],
    [
      'is another addon',
      () => compile('other', 'void *napi_register_module_v1(void *env, void *exports) { return exports; }'),
      /another addon/,
    ],
  ];
  it.each(cases)('that %s', async (_name, make, message) => {
    vi.mocked(locateAddon).mockReturnValue(make());
    const error = await useBackend('torch').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'Fault',
      message: expect.stringMatching(/^Expected a loadable torch addon, got: .*Run "npm run setup" again\.$/s),
    });
    expect((error as Error).message).toMatch(message);
  });
});
