import pc from 'picocolors';

// Progress goes to standard error: a line rewritten in place on a terminal, else a line now and then.
const secondsBetweenLines = 10;
const terminal = process.stderr.isTTY && process.stderr.columns > 0;
let open = false;
let lastLine = Number.NEGATIVE_INFINITY;

/** Says something that stays. */
export function say(line: string): void {
  finishProgress();
  process.stderr.write(`${line}\n`);
}

/** Says how far something is; `last` makes the line stay. */
export function progress(line: string, last = false): void {
  if (terminal) {
    process.stderr.write(`\r\u001b[2K${pc.dim(line.slice(0, process.stderr.columns - 1))}`);
    open = true;
    if (last) finishProgress();
  } else if (last || performance.now() - lastLine > secondsBetweenLines * 1000) {
    process.stderr.write(`${line}\n`);
    lastLine = performance.now();
  }
}

function finishProgress(): void {
  if (open) process.stderr.write('\n');
  open = false;
}

/** `0:42`, `12:05`, `3:04:10`. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
