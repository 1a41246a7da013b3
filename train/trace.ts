import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault } from '../plan/fault.js';
import { type Span, startTrace, stopTrace } from '../tensor/trace.js';
import type { Hook } from './loop.js';

// The first step of a run also warms up caches and thread pools: it is left out.
const skipped = 1;
const traced = 3;

/**
 * Writes three steps, the run's second to fourth, by phase, kernel and operator, in the format that ui.perfetto.dev and
 * chrome://tracing open. A run that ends earlier leaves what there is.
 * @throws Fault at once where the file cannot be written, and when the run has only one step.
 */
export function traceHook(file: string, say: (line: string) => void): Hook {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new Fault(`Expected a folder that can be written to for --trace, got ${dirname(file)}. Make it first.`);
  }
  const steps: Span[] = [];
  let seen = 0;
  let begin = 0;
  return ({ step, last }) => {
    seen++;
    if (seen === skipped) {
      if (last) throw new Fault('Expected a run of 2 steps or more for --trace, got 1. Raise train.duration.');
      startTrace();
    } else if (seen <= skipped + traced) {
      // A step ends here, with what was done after it (events, checkpoint).
      steps.push({ name: `step ${step}`, category: 'phase', begin, end: performance.now() });
      if (last || seen === skipped + traced) {
        writeFileSync(file, JSON.stringify({ traceEvents: traceEvents([...steps, ...stopTrace()]) }));
        say(`wrote ${file}: steps in detail, for ui.perfetto.dev or chrome://tracing`);
      }
    }
    begin = performance.now();
  };
}

/** Spans as complete events of the Trace Event Format, in microseconds from the first, outer ones first. */
function traceEvents(spans: readonly Span[]): object[] {
  const zero = Math.min(...spans.map(({ begin }) => begin));
  const micro = (ms: number): number => Math.round(ms * 1e6) / 1e3;
  const ordered = [...spans].sort((a, b) => a.begin - b.begin || b.end - a.end);
  return [
    { ph: 'M', pid: 1, tid: 1, name: 'process_name', args: { name: 'reasontune train' } },
    ...ordered.map(({ name, category, begin, end, inputs }) => ({
      ...{ ph: 'X', pid: 1, tid: 1, name, cat: category, ts: micro(begin - zero), dur: micro(end - begin) },
      ...(inputs ? { args: { inputs } } : {}),
    })),
  ];
}
