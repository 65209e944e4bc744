import { fromBase64Url, fromHex, toBase64Url, toHex } from '../base/byte-texts.ts';
import { CborScanner } from '../log/cbor-scanner.ts';
import { isWellFormed, type CborWriter } from '../log/cbor-writer.ts';
import { MOST_HEADER_BYTES } from '../log/codec.ts';
import { MOST_TIPS, readTips, writeTips, type Tip, type Tips } from '../log/heights.ts';
import { MOST_BODY_BYTES } from '../log/operation.ts';
import { PART_HASHES_BYTES } from '../log/parted-tips.ts';

/** Bytes of the random part of a hello. */
export const NONCE_BYTES = 32;
/** Places of one log in a frame. */
export const MOST_PLACES = 64;

const MOST_UINT32 = 2 ** 32 - 1;
const ID_BYTES = 32;
const MOST_FEATURES = 32;
const MOST_FEATURE_NAME = 32;
const MOST_ERROR_TEXT = 200;

/** Names of what a node can do, with the version it does it in. */
export type Features = ReadonlyMap<string, number>;

/** How a field is written, in both forms. */
export interface FieldKind<T> {
  write(writer: CborWriter, value: T): void;
  read(scanner: CborScanner): T;
  toJson(value: T): unknown;
  /** The value, undefined when this is none. */
  fromJson(json: unknown): { readonly value: T } | undefined;
  /** For a last field that may be absent: what absence means. */
  readonly absent?: { readonly value: T };
}

/** A value that was found. */
export function value<T>(of: T): { readonly value: T } {
  return { value: of };
}

function uintKind(most: number): FieldKind<number> {
  return {
    write: (writer, uint) => writer.uint(uint),
    read: (scanner) => scanner.uint(most),
    toJson: (uint) => uint,
    fromJson: (json) =>
      typeof json === 'number' && Number.isSafeInteger(json) && json >= 0 && json <= most
        ? value(json)
        : undefined,
  };
}

/** @param isView true for what is copied anyhow by who takes it: it is a part of the frame's bytes */
function bytesKind(least: number, most: number, isView = false): FieldKind<Uint8Array> {
  const fits = (bytes: Uint8Array): boolean => bytes.length >= least && bytes.length <= most;
  return {
    write: (writer, bytes) => writer.bytes(bytes),
    read: (scanner) => {
      const bytes = scanner.bytes();
      if (!fits(bytes)) scanner.refuse('bytes of a wrong length');
      return isView ? bytes : new Uint8Array(bytes);
    },
    toJson: toBase64Url,
    fromJson: (json) => {
      const bytes = typeof json === 'string' ? fromBase64Url(json) : undefined;
      return bytes !== undefined && fits(bytes) ? value(bytes) : undefined;
    },
  };
}

/** A number of a session, up to 2^32-1. */
export const sessionKind: FieldKind<number> = uintKind(MOST_UINT32);
/** A number of things. */
export const countKind: FieldKind<number> = uintKind(Number.MAX_SAFE_INTEGER);
/** A key, hash or id. */
export const keyKind: FieldKind<Uint8Array> = bytesKind(ID_BYTES, ID_BYTES);
/** The random part of a hello. */
export const nonceKind: FieldKind<Uint8Array> = bytesKind(NONCE_BYTES, NONCE_BYTES);
/** The hashes of the parts of a state vector, one behind the other. */
export const partHashesKind: FieldKind<Uint8Array> = bytesKind(PART_HASHES_BYTES, PART_HASHES_BYTES);
/** A signature. */
export const signatureKind: FieldKind<Uint8Array> = bytesKind(64, 64);
/** The bytes of a header, a view of the frame. */
export const headerKind: FieldKind<Uint8Array> = bytesKind(1, MOST_HEADER_BYTES, true);
const someBody = bytesKind(1, MOST_BODY_BYTES, true);

/** The bytes of a body, or null. */
export const bodyKind: FieldKind<Uint8Array | undefined> = {
  write: (writer, body) => (body === undefined ? writer.null() : writer.bytes(body)),
  read: (scanner) => (scanner.isNull() ? undefined : someBody.read(scanner)),
  toJson: (body) => (body === undefined ? null : toBase64Url(body)),
  fromJson: (json) => (json === null ? value(undefined) : someBody.fromJson(json)),
};

/** Places of operations in a log, in order: at least one, at most {@link MOST_PLACES}. */
export const placesKind: FieldKind<readonly number[]> = {
  write: (writer, places) => {
    writer.array(places.length);
    for (const place of places) writer.uint(place);
  },
  read: (scanner) => {
    const count = scanner.array();
    if (count === 0 || count > MOST_PLACES) scanner.refuse('no places, or too many');
    const places: number[] = [];
    while (places.length < count && scanner.fault === undefined) places.push(scanner.uint(MOST_UINT32));
    if (!areInOrder(places)) scanner.refuse('places out of order');
    return places;
  },
  toJson: (places) => places,
  fromJson: (json) => {
    const isList = Array.isArray(json) && json.length > 0 && json.length <= MOST_PLACES;
    const places = isList ? (json as readonly unknown[]) : [undefined];
    return places.every((place) => sessionKind.fromJson(place) !== undefined) &&
      areInOrder(places as readonly number[])
      ? value(places as readonly number[])
      : undefined;
  },
};

function areInOrder(places: readonly number[]): boolean {
  return places.every((place, at) => at === 0 || places[at - 1]! < place);
}

/** Whether more parts follow; absent when not. */
export const moreKind: FieldKind<boolean> = {
  write: (writer, more) => writer.bool(more),
  read: (scanner) => scanner.bool(),
  toJson: (more) => more,
  fromJson: (json) => (typeof json === 'boolean' ? value(json) : undefined),
  absent: { value: false },
};

/** A short text for people. */
export const textKind: FieldKind<string> = {
  write: (writer, text) => writer.text(text),
  read: (scanner) => {
    const text = scanner.text();
    if (text.length > MOST_ERROR_TEXT) scanner.refuse('a text that is too long');
    return text;
  },
  toJson: (text) => text,
  fromJson: (json) =>
    typeof json === 'string' && json.length <= MOST_ERROR_TEXT && isWellFormed(json)
      ? value(json)
      : undefined,
};

function isFeature(name: string, version: unknown): version is number {
  const isName = name !== '' && name.length <= MOST_FEATURE_NAME && isWellFormed(name);
  return isName && sessionKind.fromJson(version) !== undefined;
}

/** Names with versions. */
export const featuresKind: FieldKind<Features> = {
  write: (writer, features) => writer.value(features),
  read: (scanner) => {
    // Walked as a whole first, as order and repetition of keys are the scanner's business.
    const inner = new CborScanner(scanner.item());
    const size = inner.map();
    if (size > MOST_FEATURES) inner.refuse('too many features');
    const features = new Map<string, number>();
    for (let at = 0; at < size && inner.fault === undefined; at += 1) {
      const [name, version] = [inner.text(), inner.uint(MOST_UINT32)];
      if (!isFeature(name, version)) inner.refuse('no feature');
      features.set(name, version);
    }
    if (inner.fault !== undefined) scanner.refuse(inner.fault);
    return features;
  },
  toJson: (features) => Object.fromEntries(features),
  fromJson: (json) => {
    const entries = Object.entries(recordOf(json) ?? {});
    if (recordOf(json) === undefined || entries.length > MOST_FEATURES) return undefined;
    return entries.every(([name, version]) => isFeature(name, version))
      ? value(new Map(entries) as Features)
      : undefined;
  },
};

/** A state vector. */
export const tipsKind: FieldKind<Tips> = {
  write: writeTips,
  read: readTips,
  toJson: (tips) =>
    mapToJson(tips, (logs) =>
      mapToJson(logs, ({ height, id, side }) => [
        height,
        toBase64Url(id),
        ...(side === undefined ? [] : [toBase64Url(side)]),
      ]),
    ),
  fromJson: (json) => {
    let left = MOST_TIPS;
    const countedTip = (tip: unknown): Tip | undefined => ((left -= 1) < 0 ? undefined : tipOf(tip));
    if (Object.keys(recordOf(json) ?? {}).length > MOST_TIPS) return undefined;
    const tips = jsonToMap(json, (logs) => jsonToMap(logs, countedTip));
    return tips === undefined ? undefined : value(tips);
  },
};

/** A map by hex as an object by base64url. */
function mapToJson<T>(
  map: ReadonlyMap<string, T>,
  itemToJson: (item: T) => unknown,
): Record<string, unknown> {
  const json = Object.create(null) as Record<string, unknown>;
  for (const [name, item] of map) json[toBase64Url(fromHex(name)!)] = itemToJson(item);
  return json;
}

/** The map of {@link mapToJson}, undefined when an item or a name is wrong. */
function jsonToMap<T>(json: unknown, itemOf: (json: unknown) => T | undefined): Map<string, T> | undefined {
  const record = recordOf(json);
  if (record === undefined) return undefined;
  const map = new Map<string, T>();
  for (const [name, itemJson] of Object.entries(record)) {
    const key = keyKind.fromJson(name);
    const item = itemOf(itemJson);
    if (key === undefined || item === undefined) return undefined;
    map.set(toHex(key.value), item);
  }
  return map;
}

function tipOf(json: unknown): Tip | undefined {
  if (!Array.isArray(json) || json.length < 2 || json.length > 3) return undefined;
  const [height, id, side] = [
    sessionKind.fromJson(json[0]),
    keyKind.fromJson(json[1]),
    keyKind.fromJson(json[2]),
  ];
  if (height === undefined || id === undefined || (json.length === 3 && side === undefined)) return undefined;
  return { height: height.value, id: id.value, side: side?.value };
}

function recordOf(json: unknown): Readonly<Record<string, unknown>> | undefined {
  const isRecord = typeof json === 'object' && json !== null && !Array.isArray(json);
  return isRecord ? (json as Record<string, unknown>) : undefined;
}

/** A number that says something by being what it is. */
export function fixedKind(number: number): FieldKind<unknown> {
  return {
    write: (writer) => writer.uint(number),
    read: (scanner) => {
      if (scanner.uint() !== number) scanner.refuse('another version');
      return number;
    },
    toJson: () => number,
    fromJson: (json) => (json === number ? value(json) : undefined),
  };
}
