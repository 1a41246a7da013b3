import { createRequire } from 'node:module';
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';

export const family = '"IBM Plex Sans", "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif';

/** A canvas font: `font(11)`, `font(11, 600)`. */
export function font(size: number, weight = 400): string {
  return `${weight === 400 ? 'normal' : weight} ${size}px ${family}`;
}

let context: ReturnType<ReturnType<typeof createCanvas>['getContext']> | undefined;

/** How wide a text is, in CSS pixels. */
export function textWidth(text: string, textFont: string): number {
  registerFonts();
  context ??= createCanvas(1, 1).getContext('2d');
  context.font = textFont;
  return context.measureText(text).width;
}

/** A text in lines of at most so many pixels, broken at blanks, else after a sign that joins words but no number's, else anywhere. */
export function wrap(text: string, textFont: string, most: number): string[] {
  const pieces =
    text.match(/ *(?:[^ \-_/.,:;+]|(?<=\d)[.,](?=\d))*[-_/.,:;+]*/g)?.filter((piece) => piece !== '') ?? [];
  const lines: string[] = [];
  let line = '';
  const add = (piece: string): void => {
    if (line === '' || textWidth((line + piece).trimStart(), textFont) <= most) line += piece;
    else {
      lines.push(line.trim());
      line = piece;
    }
  };
  for (const piece of pieces) {
    if (textWidth(piece.trim(), textFont) <= most) add(piece);
    else for (const character of piece) add(character);
  }
  return [...lines, line.trim()].filter((one) => one !== '');
}

let registered = false;

/** Registers IBM Plex Sans, so that labels are readable, and alike, on machines without fonts of their own. */
export function registerFonts(): void {
  if (registered) return;
  registered = true;
  const { resolve } = createRequire(import.meta.url);
  for (const weight of [400, 600]) {
    try {
      GlobalFonts.registerFromPath(
        resolve(`@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-${weight}-normal.woff2`),
        'IBM Plex Sans',
      );
    } catch {
      // Without the package, the machine's own sans-serif is used.
    }
  }
}
