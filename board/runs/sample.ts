// What can be told of an events.jsonl without reading it whole: its last step, and losses here and there.

/** Reads up to so many bytes from a place, as Latin-1. */
type Read = (from: number, length: number) => string;

interface LastStep {
  readonly step: number;
  readonly loss: number | null;
  readonly tokens_per_s: number | null;
  readonly seconds: number | null;
}

// A step is some 200 bytes: enough for a few evaluations after it.
const TAIL = 8192;
const PLACES = 36;
const WHOLE = 48 * 1024;

/** The last whole line that is a step's. */
export function lastStep(read: Read, size: number): LastStep | null {
  const tail = read(Math.max(0, size - TAIL), TAIL);
  for (let end = tail.lastIndexOf('\n'); end >= 0; end = end > 0 ? tail.lastIndexOf('\n', end - 1) : -1) {
    const line = tail.slice(tail.lastIndexOf('\n', end - 1) + 1, end);
    if (!line.startsWith('{"step":')) continue;
    try {
      const value = JSON.parse(line) as Record<string, unknown>;
      const number = (key: string): number | null => (typeof value[key] === 'number' ? value[key] : null);
      const step = number('step');
      if (step !== null)
        return { step, loss: number('loss'), tokens_per_s: number('tokens_per_s'), seconds: number('seconds') };
    } catch {
      // The line before it, then.
    }
  }
  return null;
}

/** Losses at places spread evenly over the file; null where one was no number. */
export function losses(read: Read, size: number): (number | null)[] {
  if (size <= WHOLE) {
    const all = read(0, size).match(/"loss":[^,}]+/g) ?? [];
    const stretch = Math.max(1, all.length / PLACES);
    const found: (number | null)[] = [];
    for (let at = 0; at < all.length; at += stretch) found.push(lossIn(all[Math.floor(at)] as string));
    return found;
  }
  const found: (number | null)[] = [];
  for (let place = 0; place < PLACES; place++) {
    const part = read(Math.floor(((size - 1024) * place) / (PLACES - 1)), 1024);
    const loss = /\n\{"step":\d+,("loss":[^,}]+),/.exec(part)?.[1];
    if (loss !== undefined) found.push(lossIn(loss));
  }
  return found;
}

function lossIn(text: string): number | null {
  const value = Number.parseFloat(text.slice('"loss":'.length));
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : null;
}
