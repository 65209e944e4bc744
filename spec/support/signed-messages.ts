/** Puts with the operations that say them, as peers that sign send them. */
import type { FieldWrite } from '../../lib/graph/write.ts';
import { graphTopic, logIdOf } from '../../lib/log/hash.ts';
import type { Operation } from '../../lib/log/operation.ts';
import { bodyOf } from './log-bytes.ts';
import { authorOf, operationAfter } from './log-maker.ts';
import { graphOfWrites, type RawMessage } from './raw-peer.ts';

/** The log that relays keep unless they are told otherwise. */
export const GUN_LOG: Uint8Array = logIdOf(graphTopic('gun'));

/** An operation of an author in that log. */
export function saidBy(author: number, before: Operation | undefined, ...writes: FieldWrite[]): Operation {
  const timestamp = BigInt(Date.now()) * 1000n;
  return operationAfter(authorOf(author), before?.header, bodyOf(writes), { logId: GUN_LOG, timestamp });
}

/** What a message has as `op`. */
export function opOf({ header, body }: Operation): { readonly h: string; readonly b: string } {
  return {
    h: Buffer.from(header.bytes).toString('base64url'),
    b: Buffer.from(body ?? []).toString('base64url'),
  };
}

/** A put with its operation. */
export function signedPut(id: string, operation: Operation, ...writes: FieldWrite[]): RawMessage {
  return { '#': id, put: graphOfWrites(...writes), op: opOf(operation) };
}
