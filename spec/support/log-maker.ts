/** Makes keys, operations and logs for specs; signatures come from node:crypto, as specs make many. */
import { fromHex } from '../../lib/base/byte-texts.ts';
import type { Header } from '../../lib/log/codec.ts';
import { graphTopic, logIdOf } from '../../lib/log/hash.ts';
import { KeyPair, type Signer } from '../../lib/log/key-pair.ts';
import { createOperation, FIRST_PLACE, placeAfter, type Operation } from '../../lib/log/operation.ts';
import { nodeSigner, nodeVerifier } from '../../relay/node-ed25519.ts';

/** Checks signatures fast. */
export const verifyFast: ReturnType<typeof nodeVerifier> = nodeVerifier();

/** The topic of the specs, and the id of its logs. */
export const TOPIC: Uint8Array = graphTopic('specs');
export const LOG_ID: Uint8Array = logIdOf(TOPIC);

/** The bytes of hex in a vector. */
export function hex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new Error(`no hex: ${text}`);
  return bytes;
}

/** An author, always the same for a number from 1 to 255. */
export function authorOf(number: number): Signer {
  return nodeSigner(new KeyPair(new Uint8Array(32).fill(number)));
}

/** A header as a plain object of all its fields, to be compared with another one. */
export function fieldsOf(header: Header): Header {
  const { author, payloadSize, payloadHash, sequence, backlink, extensions, signature, bytes, id } = header;
  return { author, payloadSize, payloadHash, sequence, backlink, extensions, signature, bytes, id };
}

/** The same of an operation. */
export function plainOf({ header, extensions, body }: Operation): Operation {
  return { header: fieldsOf(header), extensions, body };
}

/** What an operation says beside its body. */
export interface Said {
  readonly prune?: boolean;
  readonly timestamp?: bigint;
  readonly logId?: Uint8Array;
}

/** An operation after another one, or the first. */
export function operationAfter(
  signer: Signer,
  before: Header | undefined,
  body: Uint8Array | undefined,
  { prune = false, timestamp = 5n, logId = LOG_ID }: Said = {},
): Operation {
  const place = before === undefined ? FIRST_PLACE : placeAfter(before);
  return createOperation(signer, place, { logId, timestamp, prune }, body);
}

/** A log of so many operations whose bodies are their numbers, or what `bodyOf` gives. */
export function logOf(
  signer: Signer,
  length: number,
  bodyOf: (sequence: number) => Uint8Array | undefined = (sequence) => Uint8Array.of(sequence & 0xff),
  said: Said = {},
): Operation[] {
  const operations: Operation[] = [];
  for (let sequence = 0; sequence < length; sequence += 1) {
    operations.push(operationAfter(signer, operations.at(-1)?.header, bodyOf(sequence), said));
  }
  return operations;
}
