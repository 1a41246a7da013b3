import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hashText } from '../../data/permutation.js';
import { openStandIn } from '../../endpoint/stand-in/stand-in.js';
import { written } from '../../endpoint/stand-in/writing.js';
import { packageRoot } from '../../plan/places.js';
import { chain, type Script, scripted, words } from './chain.js';

// The compiled command line (`npm test` builds it first), killed while it has requests under way.

const documents = Array.from({ length: 12 }, (_, i) => `${'abcdefghijkl'[i]}one ${words(20, i)}`);
// Some are lost, and others drawn in their places.
const script: Script = {
  check: ({ document = '' }) => ({
    self_contained: !'bdf'.includes(document[0]!),
    needs_reasoning: true,
    answered: true,
  }),
  // Each of its own, so that none repeats another.
  query: ({ task = '', words: n }) => ({ query: words(Number(n), 1 + (hashText(task) % 5000)) }),
  positive: ({ query = '', words: n }) => ({
    document: `${hashText(query) % 3 === 0 ? 'wrong' : 'right'} ${words(Number(n) - 1, query.length)}`,
  }),
};
const files = ['hq.jsonl', 'vl.jsonl', 'left-out.jsonl'];

it('killed again and again, writes what a run that never stopped writes: no line lost, none doubled', async () => {
  const {
    folder,
    file,
    server: unused,
  } = await chain(
    `hard_queries: {number: 8, quality: {type: rules, at_least: 0.3}}
varied_length: {number: 4, domain: d, tasks: 12, query_words: [{words: [300, 400], share: 1}]}`,
    documents,
  );
  await unused.close();
  let kill = (): void => {};
  const killAt = new Set([1, 20, 44, 60]);
  const asked: string[] = [];
  const server = await openStandIn(
    written(scripted(script), (number, { body }) => {
      asked.push(JSON.stringify(body));
      if (killAt.has(number)) kill();
      return undefined;
    }),
    { delay: 10 },
  );
  writeFileSync(
    file,
    readFileSync(file, 'utf8').replace(unused.url, server.url).replace('model: m', 'model: m, concurrency: 3'),
  );
  const run = (name: string): Promise<NodeJS.Signals | number | null> =>
    new Promise((resolve) => {
      const main = join(packageRoot, 'dist/cli/main.js');
      const child = spawn(process.execPath, [main, 'synth', file, '--out', join(folder, name)], {
        env: { ...process.env, REASONTUNE_CACHE: join(folder, `cache-${name}`) },
        stdio: 'ignore',
      });
      kill = () => void child.kill('SIGKILL');
      child.on('close', (code, signal) => resolve(signal ?? code));
    });
  const read = (name: string) => files.map((one) => readFileSync(join(folder, name, one), 'utf8'));

  let killed = 0;
  for (let ended = await run('killed'); ended !== 0; ended = await run('killed')) {
    expect(ended).toBe('SIGKILL');
    killed++;
  }
  expect(killed).toBe(killAt.size);
  // What was under way at a kill is asked again; nothing else is.
  const twice = asked.length - new Set(asked).size;
  expect(twice).toBeLessThanOrEqual(3 * killed);
  const keys = readFileSync(join(folder, 'killed', 'journal.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).key);
  expect(new Set(keys).size).toBe(keys.length);

  killAt.clear();
  expect(await run('whole')).toBe(0);
  expect(read('killed')).toEqual(read('whole'));
  expect(
    read('whole')
      .slice(0, 2)
      .map((text) => text.split('\n').length - 1),
  ).toEqual([8, 4]);
  expect(read('whole')[2]!.split('\n').length).toBeGreaterThan(4);
  await server.close();
});
