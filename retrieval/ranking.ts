/** Documents for one query, best first. */
export type Ranked = readonly { readonly id: string; readonly score: number }[];

/** What a retriever found: query id → its documents, best first. */
export type Run = ReadonlyMap<string, Ranked>;

/** Judgements: query id → document id → grade (above 0 is relevant). */
export type Qrels = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** `strcmp` of two ids' UTF-8 bytes: negative, zero or positive. */
export function compareIds(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointOrder(x) - codePointOrder(y);
  }
  return a.length - b.length;
}

/** UTF-16 puts surrogates (U+10000 and up) before U+E000..U+FFFF, UTF-8 after: swap the two. */
function codePointOrder(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** trec_eval's order: score descending as float32, ties by document id descending. */
export function compareRanked(a: Ranked[number], b: Ranked[number]): number {
  return Math.fround(b.score) - Math.fround(a.score) || compareIds(b.id, a.id);
}
