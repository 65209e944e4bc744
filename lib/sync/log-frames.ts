import { failure, success, type Result } from '../base/result.ts';
import { CborScanner } from '../log/cbor-scanner.ts';
import { CborWriter } from '../log/cbor-writer.ts';
import { MOST_HEADER_BYTES } from '../log/codec.ts';
import type { Tips } from '../log/heights.ts';
import { MOST_BODY_BYTES } from '../log/operation.ts';
import {
  bodyKind,
  countKind,
  featuresKind,
  fixedKind,
  headerKind,
  keyKind,
  moreKind,
  nonceKind,
  partHashesKind,
  placesKind,
  sessionKind,
  signatureKind,
  textKind,
  tipsKind,
  value,
  type Features,
  type FieldKind,
} from './frame-fields.ts';

/** Version of the frames, which `hello` carries and the subprotocol names. */
export const FRAME_VERSION = 1;
/** Subprotocol of the websocket path `/log`. */
export const LOG_SUBPROTOCOL = 'gun-log.1';
/** Largest frame: an operation with the largest header and body, and a little around them. */
export const MOST_FRAME_BYTES: number = MOST_BODY_BYTES + MOST_HEADER_BYTES + 64;

/** What each frame says, by its type (log-mapping section 5). */
interface FrameContents {
  /** Who speaks, of which network. */
  readonly hello: {
    readonly nodeKey: Uint8Array;
    readonly network: Uint8Array;
    readonly nonce: Uint8Array;
    readonly features: Features;
  };
  /** Proves the node key. */
  readonly proof: { readonly signature: Uint8Array };
  /** Opens a session about a topic. */
  readonly topic: { readonly session: number; readonly topic: Uint8Array };
  /** Agrees to it, and confirms that. */
  readonly agreed: { readonly session: number };
  /** The state vector, or a part of it when more follow. */
  readonly have: { readonly session: number; readonly tips: Tips; readonly more: boolean };
  /** What tells by 32 bytes whether the state vectors are equal; see `tips-digest.ts`. */
  readonly digest: { readonly session: number; readonly digest: Uint8Array };
  /** The hashes of the parts of a state vector, which tell where to look when digests differ; see `tips-digest.ts`. */
  readonly digestParts: { readonly session: number; readonly hashes: Uint8Array };
  /** How much will come. */
  readonly preSync: { readonly session: number; readonly operations: number; readonly bytes: number };
  /** An operation that the other side lacks; undefined as body: pruned, or none. */
  readonly operation: OperationFrame;
  /** Everything that the other side lacked was sent. */
  readonly done: { readonly session: number };
  /** An operation that is new. */
  readonly live: OperationFrame;
  readonly close: { readonly session: number };
  /** Two headers of one place. */
  readonly fork: { readonly session: number; readonly first: Uint8Array; readonly second: Uint8Array };
  readonly error: { readonly session: number; readonly code: number; readonly text: string };
  /** Asks for operations of a log with their bodies, which this side has got without. */
  readonly bodies: {
    readonly session: number;
    readonly author: Uint8Array;
    readonly log: Uint8Array;
    readonly places: readonly number[];
  };
  /** Everything was sent that is held of what the last {@link FrameContents.bodies} asked for. */
  readonly given: { readonly session: number };
}

interface OperationFrame {
  readonly session: number;
  readonly header: Uint8Array;
  readonly body: Uint8Array | undefined;
}

/** Type of a frame. */
export type FrameType = keyof FrameContents;
/** A frame of one type, without saying which. */
export type FrameContent<T extends FrameType> = FrameContents[T];
/** A frame. */
export type LogFrame = { readonly [T in FrameType]: { readonly type: T } & FrameContents[T] }[FrameType];

type Layout = readonly [code: number, fields: Readonly<Record<string, FieldKind<unknown>>>];

const operationFields = { session: sessionKind, header: headerKind, body: bodyKind };
/** Items of such a frame, its type among them. */
const OPERATION_LENGTH = 4;

/** Codes and fields, in their order. */
const LAYOUTS: Readonly<Record<FrameType, Layout>> = {
  hello: [
    0,
    {
      version: fixedKind(FRAME_VERSION),
      nodeKey: keyKind,
      network: keyKind,
      nonce: nonceKind,
      features: featuresKind,
    },
  ],
  proof: [1, { signature: signatureKind }],
  topic: [10, { session: sessionKind, topic: keyKind }],
  agreed: [11, { session: sessionKind }],
  have: [20, { session: sessionKind, tips: tipsKind, more: moreKind }],
  preSync: [21, { session: sessionKind, operations: countKind, bytes: countKind }],
  operation: [22, operationFields],
  done: [23, { session: sessionKind }],
  live: [24, operationFields],
  close: [25, { session: sessionKind }],
  fork: [26, { session: sessionKind, first: headerKind, second: headerKind }],
  error: [27, { session: sessionKind, code: countKind, text: textKind }],
  bodies: [28, { session: sessionKind, author: keyKind, log: keyKind, places: placesKind }],
  given: [29, { session: sessionKind }],
  digest: [30, { session: sessionKind, digest: keyKind }],
  digestParts: [31, { session: sessionKind, hashes: partHashesKind }],
};

const TYPE_BY_CODE: ReadonlyMap<number, FrameType> = new Map(
  Object.entries(LAYOUTS).map(([type, [code]]) => [code, type as FrameType]),
);

/** The fields of a frame that are written: an absent last one is not. */
function fieldsOf(frame: LogFrame): readonly (readonly [FieldKind<unknown>, unknown])[] {
  const written = Object.entries(LAYOUTS[frame.type][1]).map(
    ([name, kind]) => [kind, (frame as Readonly<Record<string, unknown>>)[name]] as const,
  );
  return written.filter(([kind, given]) => !isAbsent(kind, given));
}

/** True for the value of a last field that is said by leaving it out. */
function isAbsent({ absent }: FieldKind<unknown>, given: unknown): boolean {
  return absent !== undefined && absent.value === given;
}

/** Bytes of the head of an item whose argument is this. */
function headLength(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  return argument < 0x1_0000 ? 3 : 5;
}

/** A frame as canonical CBOR. */
export function encodeFrame(frame: LogFrame): Uint8Array {
  // Nearly all frames are these, and each step over fields costs.
  if (frame.type === 'operation' || frame.type === 'live') {
    return encodeOperation(LAYOUTS[frame.type][0], frame);
  }
  const fields = fieldsOf(frame);
  const writer = new CborWriter().array(fields.length + 1).uint(LAYOUTS[frame.type][0]);
  for (const [kind, given] of fields) kind.write(writer, given);
  return writer.finish();
}

function encodeOperation(code: number, { session, header, body }: OperationFrame): Uint8Array {
  const bodyLength = body?.length ?? 0;
  const heads =
    1 + headLength(code) + headLength(session) + headLength(header.length) + headLength(bodyLength);
  const writer = new CborWriter(heads + header.length + bodyLength);
  writer.array(OPERATION_LENGTH).uint(code).uint(session).bytes(header);
  return (body === undefined ? writer.null() : writer.bytes(body)).finish();
}

/** Reads a frame, strictly. */
export function decodeFrame(bytes: Uint8Array): Result<LogFrame> {
  if (bytes.length > MOST_FRAME_BYTES) return failure('a frame that is too large');
  const scanner = new CborScanner(bytes);
  const length = scanner.array();
  const type = TYPE_BY_CODE.get(scanner.uint());
  if (scanner.fault !== undefined) return failure(scanner.fault);
  if (type === undefined) return failure('an unknown frame');
  const frame =
    (type === 'operation' || type === 'live') && length === OPERATION_LENGTH
      ? readOperation(type, scanner)
      : readFields(type, length - 1, (kind) => value(kind.read(scanner)));
  scanner.end();
  if (scanner.fault !== undefined) return failure(scanner.fault);
  return frame === undefined ? failure(`no ${type}`) : success(frame);
}

/** Nearly all frames are these, see {@link encodeFrame}. */
function readOperation(type: 'operation' | 'live', scanner: CborScanner): LogFrame {
  const session = sessionKind.read(scanner);
  const header = headerKind.read(scanner);
  return { type, session, header, body: bodyKind.read(scanner) };
}

/** A frame as the value of `f` in the JSON twin `{"dam":"log","f":…}`; bytes are base64url. */
export function frameToJson(frame: LogFrame): unknown[] {
  return [LAYOUTS[frame.type][0], ...fieldsOf(frame).map(([kind, given]) => kind.toJson(given))];
}

/** Reads what {@link frameToJson} makes. */
export function frameFromJson(json: unknown): Result<LogFrame> {
  const type = Array.isArray(json) ? TYPE_BY_CODE.get(json[0] as number) : undefined;
  if (type === undefined) return failure('an unknown frame');
  const fields = json as readonly unknown[];
  let at = 0;
  const frame = readFields(type, fields.length - 1, (kind) => {
    at += 1;
    return kind.fromJson(fields[at]);
  });
  return frame === undefined ? failure(`no ${type}`) : success(frame);
}

/** Puts a frame together; undefined when a field is wrong, missing or too many. */
function readFields(
  type: FrameType,
  count: number,
  read: (kind: FieldKind<unknown>) => { readonly value: unknown } | undefined,
): LogFrame | undefined {
  const frame: Record<string, unknown> = { type };
  let left = count;
  for (const [name, kind] of Object.entries(LAYOUTS[type][1])) {
    const found = left > 0 ? read(kind) : kind.absent;
    // An absent value that is written out would be a second form of one frame.
    const isWritten = left > 0;
    if (found === undefined || (isWritten && isAbsent(kind, found.value))) return undefined;
    left -= 1;
    if (name !== 'version') frame[name] = found.value;
  }
  return left > 0 ? undefined : (frame as unknown as LogFrame);
}
