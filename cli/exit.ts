import { Fault, reasonOf } from '../plan/fault.js';

/**
 * Runs a command and sets the exit code: 0 done, 1 a fault in what the user gave (its message alone on standard error),
 * 2 a bug of ours (with its stack). A command that was interrupted sets 130 itself.
 */
export async function reportFaults(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    const fault = error instanceof Fault;
    const stack = error instanceof Error ? error.stack : reasonOf(error);
    const bug = 'This is a bug in reasontune. Please report it with the lines above.';
    process.stderr.write(fault ? `${error.message}\n` : `${stack}\n${bug}\n`);
    process.exitCode = fault ? 1 : 2;
  }
}
