import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const scratch = mkdtempSync(join(tmpdir(), 'reasontune-report-'));

/** A line of events.jsonl. */
export function stepLine(step: number, loss: number | null, source = 'scifact'): string {
  return JSON.stringify({
    step,
    loss,
    grad_norm: 1.2,
    lr: 2e-5,
    tokens: 17_000,
    tokens_per_s: 2100,
    seconds: 8.1,
    source,
  });
}

/** Writes a run folder whose events.jsonl holds this text. */
export function runFolder(name: string, events: string): string {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'events.jsonl'), events);
  return folder;
}

/** A run of so many steps, its loss falling with a ripple. */
export function fallingRun(name: string, steps: number): string {
  const loss = (step: number) => 2 * Math.exp((-4 * step) / steps) + 0.6 + 0.2 * Math.sin(step * 2.4);
  return runFolder(name, Array.from({ length: steps }, (_, at) => `${stepLine(at + 1, loss(at))}\n`).join(''));
}
