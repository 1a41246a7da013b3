import { readFileSync } from 'node:fs';
import { createCanvas, loadImage } from '@napi-rs/canvas';

export interface Look {
  readonly width: number;
  readonly height: number;
  /** How many different colours there are, and how many pixels are not white. */
  readonly colours: number;
  readonly inked: number;
  readonly corner: readonly number[];
  has(red: number, green: number, blue: number): boolean;
}

/** What a PNG shows. */
export async function lookAt(path: string): Promise<Look> {
  const { width, height, pixels } = await decode(path);
  const packedPixels = new Uint32Array(pixels.buffer);
  const seen = new Set(packedPixels);
  const packed = (r: number, g: number, b: number) => new Uint32Array(Uint8Array.of(r, g, b, 255).buffer)[0] as number;
  const white = packed(255, 255, 255);
  return {
    width,
    height,
    colours: seen.size,
    inked: packedPixels.reduce((count, pixel) => count + (pixel === white ? 0 : 1), 0),
    corner: [...pixels.slice(0, 4)],
    has: (r, g, b) => seen.has(packed(r, g, b)),
  };
}

async function decode(path: string) {
  const image = await loadImage(path);
  const { width, height } = image;
  const context = createCanvas(width, height).getContext('2d');
  context.drawImage(image, 0, 0);
  return { width, height, pixels: new Uint8Array(context.getImageData(0, 0, width, height).data) };
}

/** All text of an SVG, its pieces joined by blanks. */
export function textOf(path: string): string {
  return [...readFileSync(path, 'utf8').matchAll(/<text[^>]*>([^<]*)<\/text>/g)]
    .map((match) => match[1]?.trim())
    .join(' ');
}
