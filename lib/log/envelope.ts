import { failure, success, type Result } from '../base/result.ts';
import { CborScanner } from './cbor-scanner.ts';
import { CborWriter } from './cbor-writer.ts';

/** Kinds of bodies that Thicket makes itself (log-mapping section 2). */
export const BODY_KIND = { put: 'gun/put', seen: 'gun/seen', snapshot: 'gun/snapshot' } as const;
/** Version of these kinds. */
export const BODY_VERSION = 1;

const FIELDS = 3;
const MOST_KIND_LENGTH = 64;

/** What every body begins with: `[kind, version, payload, meta?]`. */
export interface Envelope {
  readonly kind: string;
  readonly version: number;
  /** CBOR of the payload, a view. */
  readonly payload: Uint8Array;
  /** CBOR of what is said about the payload, a view. */
  readonly meta: Uint8Array | undefined;
}

/** A body. */
export function encodeEnvelope({ kind, version, payload, meta }: Envelope): Uint8Array {
  const writer = new CborWriter();
  beginEnvelope(writer, kind, version, meta !== undefined);
  writer.raw(payload);
  if (meta !== undefined) writer.raw(meta);
  return writer.finish();
}

/** Begins a body; its payload follows, and what is said about that if there is something. */
export function beginEnvelope(writer: CborWriter, kind: string, version: number, hasMeta = false): void {
  writer
    .array(hasMeta ? FIELDS + 1 : FIELDS)
    .text(kind)
    .uint(version);
}

/** What stands before a payload. */
export interface EnvelopeHead extends Pick<Envelope, 'kind' | 'version'> {
  /** True when something follows the payload. */
  readonly hasMeta: boolean;
}

/** Reads what stands before a payload. */
export function readHead(scanner: CborScanner): EnvelopeHead {
  const fields = scanner.array();
  if (fields !== FIELDS && fields !== FIELDS + 1) scanner.refuse('not [kind, version, payload, meta?]');
  const kind = scanner.text();
  if (kind === '' || kind.length > MOST_KIND_LENGTH) scanner.refuse('the kind is empty or too long');
  return { kind, version: scanner.uint(), hasMeta: fields > FIELDS };
}

/** Reads a body of any kind; the whole of it must be canonical CBOR. */
export function decodeEnvelope(body: Uint8Array): Result<Envelope> {
  const scanner = new CborScanner(body);
  const { kind, version, hasMeta } = readHead(scanner);
  const payload = scanner.item();
  const meta = hasMeta ? scanner.item() : undefined;
  scanner.end();
  return scanner.fault === undefined ? success({ kind, version, payload, meta }) : failure(scanner.fault);
}
