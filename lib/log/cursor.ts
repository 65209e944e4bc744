import { failure, success, type Result } from '../base/result.ts';
import { CborScanner } from './cbor-scanner.ts';
import { CborWriter } from './cbor-writer.ts';
import { readHeights, writeHeights, type Heights } from './heights.ts';

/** How far a consumer has acknowledged the logs of a topic (node-api section 6). */
export interface Cursor {
  /** A topic as hex, or whatever the consumer calls itself. */
  readonly name: string;
  /** Last acknowledged sequence number of each log; an acknowledgement counts for all before it. */
  readonly heights: Heights;
}

/** A cursor as p2panda writes it: `[name, {author: {log: sequence}}]`. */
export function encodeCursor({ name, heights }: Cursor): Uint8Array {
  const writer = new CborWriter().array(2).text(name);
  writeHeights(writer, heights);
  return writer.finish();
}

/** Reads what {@link encodeCursor} writes. */
export function decodeCursor(bytes: Uint8Array): Result<Cursor> {
  const scanner = new CborScanner(bytes);
  if (scanner.array() !== 2) scanner.refuse('not [name, heights]');
  const name = scanner.text();
  const heights = readHeights(scanner);
  scanner.end();
  return scanner.fault === undefined ? success({ name, heights }) : failure(scanner.fault);
}

/** The cursor after an acknowledgement; it never goes back. */
export function advance(cursor: Cursor, author: string, log: string, sequence: number): Cursor {
  const logs = cursor.heights.get(author);
  if ((logs?.get(log) ?? -1) >= sequence) return cursor;
  const advanced = new Map([...(logs ?? []), [log, sequence] as const]);
  return { ...cursor, heights: new Map([...cursor.heights, [author, advanced] as const]) };
}
