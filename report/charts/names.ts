import { font, textWidth, wrap } from './text.js';

/**
 * Names for a picture, none wider than `most` pixels and no two alike that differ: what all begin with alike
 * goes first, else the middles, and names that are then alike are numbered.
 */
export function shortNames(names: readonly string[], most: number, size = 11): string[] {
  const fits = (name: string): boolean => textWidth(name, font(size, 600)) <= most;
  if (names.every(fits)) return [...names];
  const distinct = [...new Set(names)];
  const cut = new Map(distinct.map((name) => [name, name]));
  // As little of a shared beginning goes as makes them fit; where none of it is enough, the middle.
  const heads = distinct.length > 1 ? sharedHeads(distinct) : [];
  const head = heads.find((length) => distinct.every((name) => fits(`…${name.slice(length)}`)));
  for (const name of distinct) {
    if (!fits(name)) cut.set(name, head === undefined ? middleCut(name, fits) : `…${name.slice(head)}`);
  }
  const shown = new Set(cut.values());
  // Names that differ in their middles alone: numbered, so that no two lines share a label.
  if (shown.size < distinct.length) {
    distinct.forEach((name, i) => {
      const short = cut.get(name) as string;
      if ([...cut.values()].filter((other) => other === short).length > 1) {
        cut.set(name, middleCut(`(${i + 1}) ${name}`, fits));
      }
    });
  }
  return names.map((name) => cut.get(name) as string);
}

/**
 * Names in so many lines of at most `most` pixels, at 12 pixels: where one of them does not fit all are shortened as by
 * {@link shortNames}, so that none become alike.
 */
export function nameLines(names: readonly string[], most: number, lines: number): string[][] {
  // A break leaves some of a line free: how much the lines hold is tried out.
  for (let width = lines * most; width > most; width -= most / 8) {
    const wrapped = shortNames(names, width, 12).map((name) => wrap(name, font(12), most));
    if (wrapped.every((one) => one.length <= lines)) return wrapped;
  }
  return shortNames(names, most, 12).map((name) => [name]);
}

/** Lengths at which a beginning that all names share may be cut off: after a sign that parts words, the shortest first. */
function sharedHeads(names: readonly string[]): number[] {
  const [first = ''] = names;
  let head = 0;
  while (head < first.length && names.every((name) => name[head] === first[head])) head++;
  return Array.from({ length: head }, (_, i) => i + 1).filter((length) => /[\s\-_/:,]/.test(first[length - 1] ?? ''));
}

function middleCut(name: string, fits: (text: string) => boolean): string {
  for (let kept = name.length - 1; kept > 4; kept--) {
    const text = `${name.slice(0, Math.ceil(kept / 2))}…${name.slice(name.length - Math.floor(kept / 2))}`;
    if (fits(text)) return text;
  }
  return name.slice(0, 4);
}
