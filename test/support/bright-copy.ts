import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { presetsOf } from '../../data/presets/presets.js';
import { presetFolder } from '../../data/presets/read-preset.js';

/** A copy in BRIGHT's layout where presets look for one: the README's configs, and a file for each `config/task`. */
export function writeBrightCopy(files: Readonly<Record<string, readonly unknown[]>>): void {
  const folder = presetFolder(presetsOf('bright:pony')[0]!);
  const configs = Object.entries(files).map(([path, rows]) => {
    const [config, task] = path.split('/') as [string, string];
    mkdirSync(join(folder, config), { recursive: true });
    writeFileSync(join(folder, `${path}-00000-of-00001.jsonl`), rows.map((row) => JSON.stringify(row)).join('\n'));
    return `- config_name: ${config}\n  data_files:\n  - split: ${task}\n    path: ${path}-*`;
  });
  writeFileSync(join(folder, 'README.md'), `---\nconfigs:\n${configs.join('\n')}\n---\n`);
}
