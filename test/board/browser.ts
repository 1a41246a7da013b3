import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];
const folders = (process.env.PATH ?? '').split(delimiter);

/** A Chromium of this machine; null where there is none. */
const program = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
export const hasChromium = program !== undefined;

if (!hasChromium)
  console.warn('skipped: tests of the page in a browser, for want of chromium (apt-get install chromium)');

/** Starts it, without a window. Root has no sandbox in Chromium. */
export function startChromium(): Promise<Browser> {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: program as string, args });
}
