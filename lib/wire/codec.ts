import type { GraphLimits } from '../base/graph-limits.ts';
import { LargeMessage } from './frame-shapes.ts';
import { FRAME_SIZES, readLargeFrame, type FrameSizes } from './large-frame.ts';
import { parseLargeMessage, parseMessage } from './parse-message.ts';
import type { Fault, Message } from './message.ts';
import type { Names, Selector } from '../graph/selector.ts';

/** Text Gun's peers know for a frame that is no JSON (gun-wire section 4). */
export const PARSE_ERROR = 'DAM JSON parse error.';

const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;

/** What a frame holds: messages and faults in the order they came. */
export type FrameItem =
  { readonly ok: true; readonly value: Message } | { readonly ok: false; readonly reason: Fault };

/**
 * Reads a text frame: one message, or an array of messages; texts inside an array are frames themselves, one
 * level deep (gun-wire section 2, D7, D28). What is neither is ignored, as Gun's relays ignore it.
 */
export function decodeFrame(text: string, limits: GraphLimits): FrameItem[] {
  const items: FrameItem[] = [];
  decodeInto(items, text, limits, limits.batchMessages);
  return items;
}

/** True for a frame that is better read by {@link decodeLargeFrame}. */
export function isLargeFrame(text: string): boolean {
  return text.length > FRAME_SIZES.frame;
}

/**
 * {@link decodeFrame} in steps: undefined stands for a place to pause. Nothing is given before the frame was read to
 * its end. What is legal JSON but absurd is refused: more than 64 objects or arrays within each other, of those that
 * are longer than 8192 characters, and numbers of more than 65,536 digits.
 */
export function* decodeLargeFrame(
  text: string,
  limits: GraphLimits,
  sizes: FrameSizes = FRAME_SIZES,
): Generator<FrameItem | undefined, void> {
  yield* decodeInSteps(text, limits, limits.batchMessages, sizes, 0);
}

/** {@link decodeInto} in steps. */
function* decodeInSteps(
  text: string,
  limits: GraphLimits,
  room: number,
  sizes: FrameSizes,
  depth: number,
): Generator<FrameItem | undefined, number> {
  if (!mayBeFrame(text)) return room;
  const content = yield* readLargeFrame(text, limits, room, depth === 0, sizes);
  if (content === undefined) yield frameFault(PARSE_ERROR);
  else if (content instanceof LargeMessage) yield* decodeLargeMessage(content, limits);
  else if (content.length > room) yield frameFault(tooMany(limits));
  else return yield* decodeMembers(content, limits, room - content.length, sizes, depth);
  return room;
}

/** Decodes the members of an array, one in a step. */
function* decodeMembers(
  members: readonly unknown[],
  limits: GraphLimits,
  room: number,
  sizes: FrameSizes,
  depth: number,
): Generator<FrameItem | undefined, number> {
  let left = room;
  for (const member of members) {
    const items: FrameItem[] = [];
    if (member instanceof LargeMessage) yield* decodeLargeMessage(member, limits);
    else if (typeof member !== 'string') decodeMessage(items, member, limits);
    else if (depth > 0) continue;
    else if (member.length > sizes.frame) left = yield* decodeInSteps(member, limits, left, sizes, 1);
    else left = decodeInto(items, member, limits, left, 1);
    yield;
    yield* items;
  }
  return left;
}

function* decodeLargeMessage(
  { raw }: LargeMessage,
  limits: GraphLimits,
): Generator<FrameItem | undefined, void> {
  const parsed = yield* parseLargeMessage(raw, limits);
  if (!parsed.ok) yield parsed;
  else if (parsed.value !== undefined) yield { ok: true, value: parsed.value };
}

/**
 * Decodes an outer frame or a text inside one.
 *
 * @param room members that arrays of this frame may still have
 * @returns what is left of it
 */
function decodeInto(items: FrameItem[], text: string, limits: GraphLimits, room: number, depth = 0): number {
  if (!mayBeFrame(text)) return room;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    items.push(frameFault(PARSE_ERROR));
    return room;
  }
  if (!Array.isArray(parsed)) {
    decodeMessage(items, parsed, limits);
    return room;
  }
  if (parsed.length > room) {
    items.push(frameFault(tooMany(limits)));
    return room;
  }
  let left = room - parsed.length;
  for (const member of parsed as unknown[]) {
    if (typeof member !== 'string') decodeMessage(items, member, limits);
    else if (depth === 0) left = decodeInto(items, member, limits, left, 1);
  }
  return left;
}

function decodeMessage(items: FrameItem[], raw: unknown, limits: GraphLimits): void {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return;
  const parsed = parseMessage(raw as Record<string, unknown>, limits);
  if (!parsed.ok) items.push(parsed);
  else if (parsed.value !== undefined) items.push({ ok: true, value: parsed.value });
}

function mayBeFrame(text: string): boolean {
  const first = text.charCodeAt(0);
  return first === OPEN_OBJECT || first === OPEN_ARRAY;
}

function tooMany(limits: GraphLimits): string {
  return `more than ${limits.batchMessages} messages in a frame`;
}

function frameFault(reason: string): FrameItem {
  return { ok: false, reason: { idJson: undefined, what: 'frame', reason } };
}

/** An acknowledgement: what `replyTo` wrote is durable. */
export function encodeAck(id: string, replyToJson: string): string {
  return `{"#":"${id}","@":${replyToJson},"ok":true}`;
}

/** A refusal; `reason` is for people. */
export function encodeRefusal(id: string, replyToJson: string, reason: string): string {
  return `{"#":"${id}","@":${replyToJson},"err":${JSON.stringify(reason)}}`;
}

/** A fault of the frame itself, which no message id names. */
export function encodeFrameError(id: string, reason: string): string {
  return `{"#":"${id}","dam":"!","err":${JSON.stringify(reason)}}`;
}

/** "Not found". */
export function encodeNotFound(id: string, replyToJson: string): string {
  return `{"#":"${id}","@":${replyToJson}}`;
}

/** One part of the answer to a get. */
export interface ReplyPart {
  readonly id: string;
  readonly replyToJson: string;
  /** JSON of the `put`, keys sorted. */
  readonly putJson: string;
  /** {@link contentHash} of `putJson`. */
  readonly contentHash: number;
  /** Id of the part that follows, undefined on the last. */
  readonly nextId: string | undefined;
}

/** Data that answers a get. */
export function encodeReply(part: ReplyPart): string {
  const more = part.nextId === undefined ? '' : `,"%":"${part.nextId}"`;
  return `{"#":"${part.id}","##":${part.contentHash}${more},"@":${part.replyToJson},"put":${part.putJson}}`;
}

/** A change for those who asked for it; `more` are further fields, each with a comma before it. */
export function encodePush(id: string, putJson: string, more = ''): string {
  return `{"#":"${id}","put":${putJson}${more}}`;
}

/** The `put` of a message from the wire forms of its nodes, which stand in order of their souls. */
export function joinNodes(nodes: readonly string[]): string {
  return `{${nodes.join(',')}}`;
}

/** A read, as it goes to another peer. */
export function encodeGet(idJson: string, selector: Selector, hash: number | undefined): string {
  const hashField = hash === undefined ? '' : `"##":${hash},`;
  return `{"#":${idJson},${hashField}"get":${selectorJson(selector)}}`;
}

function selectorJson(selector: Selector): string {
  const limit = selector.byteLimit === undefined ? '' : `,"%":${selector.byteLimit}`;
  const reverse = selector.reverse ? ',"-":1' : '';
  const key = selector.key === undefined ? '' : `,".":${namesJson(selector.key)}`;
  return `{"#":${namesJson(selector.soul)}${limit}${reverse}${key}}`;
}

function namesJson(names: Names): string {
  if (typeof names === 'string') return JSON.stringify(names);
  return JSON.stringify({ '*': names.prefix, '<': names.to, '>': names.from });
}

/** The question who is there, asked of every new link. */
export function encodeHello(id: string, pid: string): string {
  return `{"#":"${id}","dam":"?","pid":"${pid}"}`;
}

/** The answer to {@link encodeHello}; a relay that dialled says so. */
export function encodeHelloReply(id: string, replyToJson: string, pid: string, relay: boolean): string {
  const relayField = relay ? ',"relay":true' : '';
  return `{"#":"${id}","@":${replyToJson},"dam":"?","pid":"${pid}"${relayField}}`;
}

/** Tells a relay that dialled that this is a relay like it. */
export function encodeRelayGreeting(id: string): string {
  return `{"#":"${id}","dam":"hi","relay":true}`;
}

/** Asks a relay to tell a secret on the link that it dialled itself. */
export function encodeTwin(id: string, secret: string): string {
  return `{"#":"${id}","dam":"twin","secret":"${secret}"}`;
}

/** Tells the secret of {@link encodeTwin}; any text. */
export function encodeTwinReply(id: string, secret: string): string {
  return `{"#":"${id}","@":"${id}","dam":"twin","secret":${JSON.stringify(secret)}}`;
}

/** A frame between nodes that synchronise logs, for a link of texts (log-mapping section 5). */
export function encodeLogFrame(id: string, frame: unknown): string {
  return `{"#":"${id}","dam":"log","f":${JSON.stringify(frame)}}`;
}

/** An answer with an object in it, passed back along the path of the message it answers. */
export function encodeAnswer(idJson: string, replyToJson: string, answerJson: string): string {
  return `{"#":${idJson},"@":${replyToJson},"ok":${answerJson}}`;
}
