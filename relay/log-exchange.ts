/** What the routes of a relay and the commands that ask them agree on: paths, and operations as a body. */
import { encodeSequenceItem, type OperationBytes } from '../lib/log/sequence.ts';

/** Paths below the relay's address. */
export const LOG_ROUTES = {
  heads: '/logs/heads',
  operations: '/logs/operations',
  blame: '/logs/blame',
  import: '/logs/import',
} as const;

/** Media type of a CBOR sequence (RFC 8742 section 6.3). */
export const SEQUENCE_TYPE = 'application/cbor-seq';
/** Bytes that are gathered before they are sent. */
export const CHUNK_BYTES: number = 64 * 1024;

/** Operations as a CBOR sequence, in chunks. */
export async function* sequenceOf(operations: AsyncIterable<OperationBytes>): AsyncGenerator<Uint8Array> {
  let items: Uint8Array[] = [];
  let bytes = 0;
  for await (const operation of operations) {
    const item = encodeSequenceItem(operation);
    items.push(item);
    bytes += item.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(items);
    items = [];
    bytes = 0;
  }
  if (items.length > 0) yield Buffer.concat(items);
}
