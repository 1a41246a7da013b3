import type { CommandModule } from 'yargs';
import { Fault } from '../plan/fault.js';

interface BoardArguments {
  folder: string;
  port: number;
  host: string;
}

/** `reasontune board FOLDER`: a local page about its runs. */
export const board: CommandModule<object, BoardArguments> = {
  command: 'board [folder]',
  describe: 'a local page: runs in a table, live curves, two runs side by side, ablations, search',
  builder: (yargs) =>
    yargs
      .positional('folder', { describe: 'folder with runs and sweeps', type: 'string', default: 'checkpoints' })
      .option('port', { describe: '0: any that is free', type: 'number', default: 7300, requiresArg: true })
      .option('host', {
        describe: 'address to listen at; whoever reaches it can read the runs',
        type: 'string',
        default: '127.0.0.1',
        requiresArg: true,
      })
      .example('$0 board checkpoints', 'then open the printed address'),
  handler: async ({ folder, port, host }) => {
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new Fault(`Expected a port from 0 to 65535 for --port, got ${port}. Correct it.`);
    const { openBoard } = await import('../board/open.js');
    const { url, close } = await openBoard(folder, { host, port });
    console.log(`${url}  (Ctrl-C ends it)`);
    const end = (): void => void close();
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
  },
};
