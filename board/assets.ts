import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Fault } from '../plan/fault.js';
import { packageRoot } from '../plan/places.js';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};

export interface Asset {
  readonly type: string;
  readonly content: Buffer;
}

/** The page's files as `npm run build` left them, by the paths that they are asked by; a few hundred kilobytes. */
export function readAssets(): ReadonlyMap<string, Asset> {
  const folder = join(packageRoot, 'dist/board/page');
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => Object.hasOwn(types, extname(name)));
  } catch {
    throw new Fault(`Expected the page's files in ${folder}, got no such folder. Run \`npm run build\`.`);
  }
  return new Map(
    names.map((name) => [
      name === 'index.html' ? '/' : `/${name}`,
      { type: types[extname(name)] as string, content: readFileSync(join(folder, name)) },
    ]),
  );
}
