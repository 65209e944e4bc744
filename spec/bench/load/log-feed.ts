/**
 * Another node on a relay's path `/log`, which has a long log of small puts, or looks how far the relay is.
 */
import { writeOf } from '../../../lib/graph/write.ts';
import { graphTopic, logIdOf } from '../../../lib/log/hash.ts';
import type { Signer } from '../../../lib/log/key-pair.ts';
import { createOperation, FIRST_PLACE, placeAfter, type Operation } from '../../../lib/log/operation.ts';
import { encodeDelta } from '../../../lib/store/delta-codec.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { encodeFrame } from '../../../lib/sync/log-frames.ts';
import { LogNode } from '../../support/log-node.ts';

const TOPIC = graphTopic('gun');
const LOG_ID = logIdOf(TOPIC);
/** Bytes that may wait in the socket before more is written. */
const AHEAD_BYTES = 1_000_000;
const SESSION = 0;

/** A log of so many operations, each of which puts one property of a node of ten. */
export function* smallPuts(signer: Signer, count: number): Generator<Operation> {
  let before: Operation | undefined;
  for (let number = 0; number < count; number += 1) {
    const write = writeOf(
      `log/${Math.floor(number / 10)}`,
      `k${number % 10}`,
      1_700_000_000_000 + number,
      `value ${number}`,
    );
    const body = encodeDelta('gun/put', [write]);
    if (!body.ok) throw new Error(body.reason);
    const fields = { logId: LOG_ID, timestamp: 1_700_000_000_000_000n + BigInt(number), prune: false };
    const place = before === undefined ? FIRST_PLACE : placeAfter(before.header);
    before = createOperation(signer, place, fields, body.value);
    yield before;
  }
}

/** Frames of operations, made before the clock runs. */
export function framesOf(operations: Iterable<Operation>): Uint8Array[] {
  return Array.from(operations, ({ header, body }) =>
    encodeFrame({ type: 'operation', session: SESSION, header: header.bytes, body }),
  );
}

/** Sends operations that a relay lacks; resolves when it has them. */
export async function feed(port: number, signer: Signer, frames: readonly Uint8Array[]): Promise<void> {
  const node = await LogNode.meet(port, signer);
  await node.join(TOPIC, SESSION);
  for (const frame of frames) {
    node.sendBytes(frame);
    if (node.socket.bufferedAmount > AHEAD_BYTES) await drained(node);
  }
  node.send({ type: 'done', session: SESSION });
  await heldUntil(port, signer, frames.length);
  await node.close();
}

async function drained({ socket }: LogNode): Promise<void> {
  while (socket.bufferedAmount > AHEAD_BYTES / 2) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Operations of an author's log that a relay has. */
export async function heldOf(port: number, signer: Signer): Promise<number> {
  const node = await LogNode.meet(port);
  const { tips } = await node.session(TOPIC, SESSION);
  await node.close();
  const tip = tips.get(toHex(signer.publicKey))?.get(toHex(LOG_ID));
  return tip === undefined ? 0 : tip.height + 1;
}

/**
 * Waits until a relay has so many operations of an author's log; gives how many it has by then. It is asked now and then,
 * as each question is a connection, which the relay works for.
 */
export async function heldUntil(port: number, signer: Signer, count: number): Promise<number> {
  for (;;) {
    const held = await heldOf(port, signer);
    if (held >= count) return held;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
