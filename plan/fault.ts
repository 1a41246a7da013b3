/**
 * A fault in what the user gave: a plan, a file, an argument. The command line prints its message on one line and
 * exits with 1; any other error is a bug of ours, printed with its stack, exit 2.
 *
 * Message grammar: `Expected <what> for <path>, got <value>. <What to do>.`
 */
export class Fault extends Error {
  override readonly name = 'Fault';
}

/** What a caught value says: an Error's message, else the value as text. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
