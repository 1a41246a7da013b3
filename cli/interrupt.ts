/**
 * Watches for Ctrl-C: the first asks the work to stop at the next safe place, a second ends the process at once.
 * @param onAsked called with the first
 */
export function watchInterrupt(
  say: (line: string) => void,
  onAsked: () => void = () => {},
): { stopped: () => boolean } {
  let asked = false;
  const ask = (): void => {
    if (asked) process.exit(130);
    asked = true;
    say('stopping: this step is finished and saved first; once more to stop at once');
    onAsked();
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  return { stopped: () => asked };
}
