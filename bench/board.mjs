// How long the board takes to show 1,000 runs with 1,000,000 steps, and one run of 1,000,000, in Chromium.
// node bench/board.mjs [folder to keep the runs in]
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { stringify } from 'yaml';
import { readPlan } from '../dist/plan/read.js';
import { here } from './peer.mjs';

const [kept] = process.argv.slice(2);
const folder = kept ?? mkdtempSync(join(tmpdir(), 'reasontune-board-'));
const RUNS = 1000;
const plan = readPlan(here('../configs/quickstart.yaml'));

function steps(from, to, seed) {
  let text = '';
  for (let step = from; step <= to; step++) {
    const loss = Math.fround(2.5 / step ** 0.3 + 0.1 * Math.sin(step + seed));
    text += `${JSON.stringify({
      step,
      loss,
      grad_norm: Math.fround(1.2 + Math.cos(step) / 3),
      lr: 2e-5 / step,
      tokens: 17_000 + (step % 977),
      tokens_per_s: 2100.5 + (step % 31),
      seconds: step * 8.13,
      memory_mb: 1400.4,
      source: step % 4 ? 'pep' : 'scifact',
    })}\n`;
  }
  return text;
}

/** A run's folder: plan, events, one result of 100 queries. */
function writeRun(name, seed, many) {
  const run = join(folder, name);
  const results = join(run, 'results', 'pep-test');
  mkdirSync(results, { recursive: true });
  const hash = seed.toString(16).padStart(12, '0');
  writeFileSync(join(run, 'plan.yaml'), `# hash: ${hash}\n${stringify({ ...plan, name, seed })}`);
  writeFileSync(join(run, 'events.jsonl'), '');
  for (let step = 1; step <= many; step += 100_000)
    appendFileSync(join(run, 'events.jsonl'), steps(step, Math.min(many, step + 99_999), seed));
  const values = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`pep-${i}`, Math.abs(Math.sin(i * seed))]));
  const perQuery = { 'nDCG@10': values, 'R@100': values };
  const metrics = { 'nDCG@10': 0.4, 'R@100': 0.8 };
  const result = { system: name, model: run, set: 'pep', split: 'test', queries: 100, metrics, perQuery };
  writeFileSync(join(results, `${name}.json`), JSON.stringify(result, null, 1));
  writeFileSync(join(results, `${name}.run`), '');
}

if (!existsSync(join(folder, 'long'))) {
  for (let i = 1; i <= RUNS - 1; i++) writeRun(`run-${String(i).padStart(4, '0')}`, i, 1000);
  writeRun('long', RUNS, 1_000_000);
}

/** In the page: when its first row and its last one were painted, which is two frames after they are there. */
function noteWhenShown(most) {
  const shown = {};
  globalThis.shown = shown;
  const note = (rows) =>
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        shown[rows] = performance.timeOrigin + performance.now();
      }),
    );
  const left = [1, most];
  new MutationObserver((_, observer) => {
    while (document.querySelectorAll('tbody tr').length >= left[0]) note(left.shift());
    if (left.length === 0) observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
}

async function measure(browser) {
  // A browser that is there already, as a person's is: its own beginnings are not the board's.
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  await page.addInitScript(noteWhenShown, RUNS);
  await new Promise((quiet) => setTimeout(quiet, 1500));
  const began = performance.now();
  const child = spawn(process.execPath, [here('../dist/cli/main.js'), 'board', folder, '--port', '0']);
  const url = await new Promise((resolve) =>
    child.stdout.on('data', (text) => resolve(/^http\S+/.exec(String(text))?.[0])),
  );
  const ready = performance.now() - began;
  await page.goto(url);
  const shown = async (rows) => {
    const at = await page.waitForFunction((count) => globalThis.shown?.[count], rows);
    return Math.round((await at.jsonValue()) - performance.timeOrigin - began);
  };
  const [table, last] = [await shown(1), await shown(RUNS)];
  const since = async (ask) => {
    const start = performance.now();
    await ask();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    return Math.round(performance.now() - start);
  };
  const curve = await since(async () => {
    await page.goto(`${url}#/run?id=long`);
    await page.waitForSelector('.chart:first-child path.strong');
  });
  const sort = await since(async () => {
    await page.goto(`${url}#/runs`);
    await page.waitForSelector('th[data-key="loss"] button');
    await page.click('th[data-key="loss"] button');
  });
  await page.close();
  child.kill('SIGINT');
  return {
    'server ready': Math.round(ready),
    'from the command to the table': table,
    'to its last row': last,
    curve,
    'back and sorted': sort,
  };
}

const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args });
const turns = [];
for (let turn = 0; turn < 5; turn++) {
  turns.push(await measure(browser));
  console.log(JSON.stringify({ ms: turns.at(-1) }));
}
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const medians = Object.keys(turns[0]).map((what) => [what, median(turns.map((turn) => turn[what]))]);
console.log(JSON.stringify({ median: Object.fromEntries(medians) }));
await browser.close();
if (kept === undefined) rmSync(folder, { recursive: true });
