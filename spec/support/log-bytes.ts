/** Operations as the bytes of an exported file, whole and in pieces. */
import { encodeCbor, type CborValue } from '../../lib/log/cbor-writer.ts';
import { encodeEnvelope } from '../../lib/log/envelope.ts';
import type { Operation } from '../../lib/log/operation.ts';
import { encodeSequenceItem } from '../../lib/log/sequence.ts';
import type { FieldWrite } from '../../lib/graph/write.ts';
import { encodeDelta, type DeltaKind } from '../../lib/store/delta-codec.ts';

/** The body of an operation that writes to the graph. */
export function bodyOf(writes: readonly FieldWrite[], kind: DeltaKind = 'gun/put'): Uint8Array {
  const body = encodeDelta(kind, writes);
  if (!body.ok) throw new Error(body.reason);
  return body.value;
}

/** A body that says nothing to the graph. */
export function foreignBody(value: CborValue): Uint8Array {
  return encodeEnvelope({ kind: 'app/chat', version: 1, payload: encodeCbor(value), meta: undefined });
}

/** Operations as a CBOR sequence. */
export function sequenceFrom(operations: Iterable<Operation>): Uint8Array {
  const items = [...operations].map(({ header, body }) => encodeSequenceItem({ header: header.bytes, body }));
  return Uint8Array.from(Buffer.concat(items));
}

/** Bytes in pieces of one size. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

/** Everything of an iteration. */
export async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
