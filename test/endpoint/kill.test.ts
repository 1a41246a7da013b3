import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildSync } from 'esbuild';
import { congruential32 } from 'pure-rand/generator/congruential32';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStandIn, type StandIn } from '../../endpoint/stand-in/stand-in.js';
import { written } from '../../endpoint/stand-in/writing.js';
import { packageRoot } from '../../plan/places.js';

const kills = 100;
const questions = 2000;
const concurrency = 8;

// In the package, where its places are found from.
const bundle = join(packageRoot, `node_modules/.cache/reasontune/work-${process.pid}.mjs`);
let folder: string;
let server: StandIn;
let arrived = (): void => {};
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reasontune-kill-'));
  buildSync({
    entryPoints: [join(packageRoot, 'test/endpoint/work.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // What is bundled may ask for Node's own modules the old way.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  const reply = written(
    (messages) => JSON.stringify({ text: `To ${messages[0]?.content}` }),
    // Some answers are asked for anew, and some repaired.
    (number, { messages }) =>
      number % 7 === 0 && messages.length === 1 ? 'no json' : number % 5 === 0 ? 'fenced' : undefined,
  );
  server = await openStandIn(
    (asked, number) => {
      arrived();
      return reply(asked, number);
    },
    { delay: 1 },
  );
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
  rmSync(bundle, { force: true });
});

/** Starts the work; `during` may kill it. */
async function start(during: (kill: () => void) => void = () => {}): Promise<{ killed: boolean; out: string }> {
  const child = spawn(process.execPath, [bundle, join(folder, 'run'), server.url, `${questions}`]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    err += text;
  });
  during(() => child.kill('SIGKILL'));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((ended) =>
    child.on('close', (...how) => ended(how)),
  );
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(err);
  return { killed: signal === 'SIGKILL', out };
}

const lines = (name: string) =>
  readFileSync(join(folder, 'run', name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('work that is killed', () => {
  it(`${kills} times loses no line, doubles none, and pays twice only for what was under way`, async () => {
    const random = congruential32(1);
    const upTo = (most: number): number => (random.next() >>> 0) % most;
    for (let killed = 0; killed < kills; ) {
      // At a moment after so many requests; every tenth time at any moment from the start on.
      let left = 1 + upTo(14);
      const anyMoment = killed % 10 === 0;
      const ended = await start((kill) => {
        if (anyMoment) void wait(upTo(300)).then(kill);
        arrived = () => {
          if (--left === 0 && !anyMoment) setTimeout(kill, upTo(6));
        };
      });
      expect(ended.killed || anyMoment).toBe(true);
      if (ended.killed) killed++;
    }
    arrived = () => {};
    const { spentInAll } = JSON.parse((await start()).out);

    const out = lines('out.jsonl');
    expect(out.map(({ id }) => id).sort()).toEqual(Array.from({ length: questions }, (_, i) => `question ${i}`).sort());
    expect(out.every(({ id, text }) => text === `To ${id}`)).toBe(true);

    // By call: how often it was sent, by the ledger and by the server; how often its answer was kept.
    const ledger = lines('calls.jsonl');
    const callOf = new Map(ledger.filter(({ call }) => call).map(({ request, call }) => [request, call]));
    const times = (calls: string[]) =>
      calls.reduce((count, call) => count.set(call, (count.get(call) ?? 0) + 1), new Map<string, number>());
    const sent = times([...callOf.values()]);
    const kept = times(ledger.filter(({ used }) => used).map(({ request }) => callOf.get(request)));
    const unanswered = callOf.size - ledger.filter(({ used }) => used).length;
    expect(new Set([...sent.values()].map((n) => n > 1)).size).toBe(2);
    // An answer that was kept, and its line not yet written, is found again without asking.
    expect([...kept.values()].every((n) => n === 1)).toBe(true);
    const twice = [...sent.values()].reduce((sum, n) => sum + n - 1, 0);
    expect(twice).toBeLessThanOrEqual(unanswered);
    expect(spentInAll.unanswered).toBe(unanswered);
    expect(unanswered).toBeLessThanOrEqual(kills * concurrency);
    expect(server.requests()).toBeLessThanOrEqual(callOf.size);
    expect(server.requests()).toBeGreaterThan(callOf.size - unanswered - 1);
    expect(spentInAll.requests).toBe(callOf.size);

    const before = server.requests();
    const again = JSON.parse((await start()).out);
    expect(again.spent).toMatchObject({ requests: 0, tokens: { input: 0, output: 0 } });
    expect(again.spentInAll).toEqual(spentInAll);
    expect(server.requests()).toBe(before);
    console.log(`${kills} kills: ${callOf.size} requests, ${unanswered} under way at a kill, ${twice} asked again`);
  }, 600_000);
});
