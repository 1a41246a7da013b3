/** Tells the user one step on stderr, so that stdout stays free for what a command prints. */
export function say(line: string): void {
  process.stderr.write(`reasontune: ${line}\n`);
}

/** Elapsed time since `start` (a `performance.now()`), the way a person reads it. */
export function since(start: number): string {
  const seconds = (performance.now() - start) / 1000;
  return seconds < 90 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
