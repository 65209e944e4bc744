import { blake3 } from '@noble/hashes/blake3.js';
import { toHex, utf8 } from '../base/bytes.ts';
import { CHUNK_BYTES, hashChunk, HASHES_CHUNKS } from './blake3.ts';

/** Bytes of a content id, of a topic and of a log id. */
export const HASH_BYTES = 32;

/** BLAKE3-256, the content id of operations, bodies and topics (node-api section 1). */
export function hashBytes(bytes: Uint8Array): Uint8Array {
  return HASHES_CHUNKS && bytes.length <= CHUNK_BYTES ? hashChunk(bytes) : blake3(bytes);
}

/** {@link hashBytes} as lower-case hex. */
export function hashHex(bytes: Uint8Array): string {
  return toHex(blake3(bytes));
}

/** The topic of a graph: BLAKE3 over `gun-graph` and the network's name (log-mapping section 2). */
export function graphTopic(network: string): Uint8Array {
  return blake3(utf8(`gun-graph${network}`));
}

/** The id of every author's log of a topic (node-api section 1). */
export function logIdOf(topic: Uint8Array): Uint8Array {
  return blake3(topic);
}
