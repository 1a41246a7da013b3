// Puts the page's files into dist/board/page: one script, one style sheet, its two fonts, the HTML.
import { copyFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const page = join(dirname(fileURLToPath(import.meta.url)), 'page');
const outdir = join(page, '../../dist/board/page');
await build({
  entryPoints: [join(page, 'main.ts'), join(page, 'main.css')],
  outdir,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  loader: { '.woff2': 'file' },
  assetNames: '[name]',
  tsconfig: join(page, 'tsconfig.json'),
  logLevel: 'warning',
});
for (const name of ['index.html', 'icon.svg']) copyFileSync(join(page, name), join(outdir, name));
