import { openSync, writeSync } from 'node:fs';
import { locateAddon } from '../../native/locate.js';
import { loadAddon } from '../../tensor/torch/addon.js';
import { fuzzDoor } from './door.js';

const [calls = '100000', seed = '1', journal] = process.argv.slice(2);
const file = journal ? openSync(journal, 'w') : null;
const outcome = fuzzDoor(loadAddon(process.env.REASONTUNE_ADDON ?? (locateAddon() as string)), {
  calls: Number(calls),
  seed: Number(seed),
  before: (call) => {
    if (file !== null) writeSync(file, `${call}\n`.padEnd(120), 0);
  },
});
// Handles that Node has not collected would be leaks to AddressSanitizer.
for (let i = 0; i < 3; i++) {
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
}
console.log(JSON.stringify(outcome));
