import { DictionaryBatch } from 'apache-arrow/fb/dictionary-batch';
import { Field } from 'apache-arrow/fb/field';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { Schema } from 'apache-arrow/fb/schema';
import { ByteBuffer } from 'flatbuffers';

// Columns of columns; a schema of more is no data set of texts.
const MOST_FIELDS = 10_000;

/**
 * Looks at the frame of each message of an Arrow stream before the library decodes it. The library believes the counts in
 * it: one damaged byte, and it makes billions of objects.
 * @throws Error where a count is larger than its message, or a message than the bytes there are
 */
export function checkMessages(stream: Uint8Array): void {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  let at = 0;
  while (at + 4 <= stream.length) {
    // Since format 0.15 a message begins with −1.
    if (view.getInt32(at, true) === -1) at += 4;
    if (at + 4 > stream.length) throw new Error('a message cut short');
    const length = view.getInt32(at, true);
    at += 4;
    if (length === 0) return;
    if (length < 0 || at + length > stream.length) throw new Error('a message cut short');
    const body = checkMessage(stream.subarray(at, at + length));
    at += length + body;
    if (at > stream.length) throw new Error('a message body cut short');
  }
}

/** Checks one message's counts; returns the length of the body behind it. */
function checkMessage(bytes: Uint8Array): number {
  const message = Message.getRootAsMessage(new ByteBuffer(bytes));
  const fits = (count: number, size: number, what: string): void => {
    if (count * size > bytes.length) throw new Error(`a message that claims ${count} ${what}`);
  };
  let fields = 0;
  const checkField = (field: Field | null, depth: number): void => {
    if (!field || ++fields > MOST_FIELDS || depth > 64) throw new Error('a schema of too many fields');
    fits(field.childrenLength(), 4, 'columns');
    fits(field.customMetadataLength(), 4, 'notes');
    for (let i = 0; i < field.childrenLength(); i++) checkField(field.children(i, new Field()), depth + 1);
  };
  const checkBatch = (batch: RecordBatch | null): void => {
    if (!batch) throw new Error('a batch that is empty');
    fits(batch.nodesLength(), 16, 'columns');
    fits(batch.buffersLength(), 16, 'buffers');
    fits(batch.variadicBufferCountsLength(), 8, 'buffers');
    if (batch.compression()) throw new Error('compressed columns, which are not read');
  };
  fits(message.customMetadataLength(), 4, 'notes');
  switch (message.headerType()) {
    case MessageHeader.Schema: {
      const schema: Schema | null = message.header(new Schema());
      fits(schema?.fieldsLength() ?? 0, 4, 'columns');
      fits(schema?.customMetadataLength() ?? 0, 4, 'notes');
      for (let i = 0; i < (schema?.fieldsLength() ?? 0); i++) checkField(schema?.fields(i, new Field()) ?? null, 0);
      break;
    }
    case MessageHeader.RecordBatch:
      checkBatch(message.header(new RecordBatch()));
      break;
    case MessageHeader.DictionaryBatch: {
      const dictionary: DictionaryBatch | null = message.header(new DictionaryBatch());
      checkBatch(dictionary?.data() ?? null);
      break;
    }
    default:
      throw new Error('a message of no known kind');
  }
  const body = Number(message.bodyLength());
  if (!(body >= 0)) throw new Error('a message body of no length');
  return body;
}
