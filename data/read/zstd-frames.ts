// The frames of a zstd file (RFC 8878, 3.1), without what is in them.

/** What a walk over a file wants next: so many bytes to look at, or to pass over. */
interface Want {
  readonly look: boolean;
  readonly bytes: number;
}

const look = (bytes: number): Want => ({ look: true, bytes });
const skip = (bytes: number): Want => ({ look: false, bytes });

/** Walks along the frames of a file that comes in chunks, and tells the window that each asks for as it begins. */
export class ZstdFrames {
  readonly #walk: Generator<Want, void, Uint8Array>;
  #want: Want | null;
  /** Bytes looked at or passed over, of those wanted. */
  #done = 0;
  #seen: number[] = [];

  constructor(onWindow: (bytes: number) => void) {
    this.#walk = walk(onWindow);
    this.#want = this.#walk.next().value ?? null;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; this.#want && at < chunk.length; ) {
      const bytes = Math.min(this.#want.bytes - this.#done, chunk.length - at);
      if (this.#want.look) this.#seen.push(...chunk.subarray(at, at + bytes));
      this.#done += bytes;
      at += bytes;
      while (this.#want && this.#done === this.#want.bytes) {
        const seen = Uint8Array.from(this.#seen);
        this.#seen = [];
        this.#done = 0;
        this.#want = this.#walk.next(seen).value ?? null;
      }
    }
  }
}

function* walk(onWindow: (bytes: number) => void): Generator<Want, void, Uint8Array> {
  for (;;) {
    const magic = new DataView((yield look(4)).buffer).getUint32(0, true);
    if (magic >>> 4 === 0x184d2a5) {
      yield skip(new DataView((yield look(4)).buffer).getUint32(0, true));
      continue;
    }
    // What is no frame the decoder refuses.
    if (magic !== 0xfd2fb528) return;
    const [flags] = (yield look(1)) as unknown as [number];
    const singleSegment = (flags & 0x20) !== 0;
    const contentBytes = [singleSegment ? 1 : 0, 2, 4, 8][flags >> 6] as number;
    const dictionaryBytes = [0, 1, 2, 4][flags & 3] as number;
    const header = yield look((singleSegment ? 0 : 1) + dictionaryBytes + contentBytes);
    onWindow(singleSegment ? contentSize(header.subarray(dictionaryBytes)) : windowSize(header[0] as number));
    for (let last = false; !last; ) {
      const [low, middle, high] = (yield look(3)) as unknown as [number, number, number];
      last = (low & 1) !== 0;
      const repeated = ((low >> 1) & 3) === 1;
      yield skip(repeated ? 1 : (low + middle * 2 ** 8 + high * 2 ** 16) >> 3);
    }
    yield skip((flags & 4) === 0 ? 0 : 4);
  }
}

/** 3.1.1.1.2 */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** 3.1.1.1.4: a single segment's window is its content. */
function contentSize(field: Uint8Array): number {
  const size = field.reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
  return field.length === 2 ? size + 256 : size;
}
