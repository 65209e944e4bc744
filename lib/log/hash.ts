import { toHex } from '../base/byte-texts.ts';
import { utf8 } from '../base/bytes.ts';
import { fastBlake3, fastBlake3InSteps } from './blake3.ts';

/** Bytes of a content id, of a topic and of a log id. */
export const HASH_BYTES = 32;

/**
 * BLAKE3-256, the content id of operations, bodies and topics (node-api section 1).
 *
 * @param into where it is put: 32 bytes, new ones when absent
 */
export function hashBytes(bytes: Uint8Array, into?: Uint8Array): Uint8Array {
  return fastBlake3(bytes, into);
}

/** {@link hashBytes} in steps, for what is long. */
export function hashBytesInSteps(bytes: Uint8Array): Generator<void, Uint8Array> {
  return fastBlake3InSteps(bytes);
}

/** {@link hashBytes} as lower-case hex. */
export function hashHex(bytes: Uint8Array): string {
  return toHex(hashBytes(bytes));
}

/** The topic of a graph: BLAKE3 over `gun-graph` and the network's name (log-mapping section 2). */
export function graphTopic(network: string): Uint8Array {
  return hashBytes(utf8(`gun-graph${network}`));
}

/** The id of every author's log of a topic (node-api section 1). */
export function logIdOf(topic: Uint8Array): Uint8Array {
  return hashBytes(topic);
}
