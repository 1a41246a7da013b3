/** Documents cut into pieces: those of document d are `starts[d]` to `starts[d + 1]`. */
export interface Chunks {
  readonly texts: readonly string[];
  readonly starts: Int32Array;
}

/** Cuts each text into pieces of at most `words` words, without overlap; a text without words is one piece. */
export function cutInChunks(texts: readonly string[], words: number): Chunks {
  const pieces: string[] = [];
  const starts = new Int32Array(texts.length + 1);
  for (const [place, text] of texts.entries()) {
    // Each match is a word with the blanks before it, so that a piece is a part of the text as it stands.
    const all = text.match(/\s*\S+/g) ?? [text];
    for (let at = 0; at < all.length; at += words) {
      pieces.push(
        all
          .slice(at, at + words)
          .join('')
          .trim(),
      );
    }
    starts[place + 1] = pieces.length;
  }
  return { texts: pieces, starts };
}
