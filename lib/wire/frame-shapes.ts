import type { GraphLimits } from '../base/graph-limits.ts';
import { META_KEY } from '../graph/node.ts';
import { ReadyJson, type TextUse } from './json-text.ts';
import type { KeptMembers, ReadAgain, Shape } from './kept-members.ts';
import { answerLength } from './parse-message.ts';

/** A message that was read in steps, because it is large. */
export class LargeMessage {
  readonly raw: Record<string, unknown>;

  constructor(raw: Record<string, unknown>) {
    this.raw = raw;
  }
}

/** States of which there are more than a node may have properties; those in use are read when these are known. */
class ManyStates {
  readonly open: number;

  constructor(open: number) {
    this.open = open;
  }
}

/** Of what nobody looks into: whether it is there, and of which type. */
const UNREAD: Shape = {
  text: 'cut',
  others: 0,
  items: 0,
  field: () => undefined,
  get other() {
    return UNREAD;
  },
};
/** Values and what they link to: the only texts of which every character counts, however long. */
const LINK: Shape = { ...UNREAD, text: 'json' };
const VALUE: Shape = { ...shape({ '#': LINK }, 1), text: 'json', finish: finishValue };
const NAMES: Shape = shape({ '=': UNREAD, '*': UNREAD, '<': UNREAD, '>': UNREAD, '-': UNREAD });
const SELECTOR: Shape = shape({ '#': NAMES, '.': NAMES, '%': UNREAD, '-': UNREAD });
/** Characters that a comma and the shortest member take in JSON: `,0` and `,"":0`. */
const MIN_ITEM_LENGTH = 2;
const MIN_MEMBER_LENGTH = 5;
const FLAGS = ['><', 'dam', '##', 'nts', 'err', '%', 'pid', 'relay'] as const;

/** What is kept of a message: one member beyond its limits, for the fault to come out, and one unknown field. */
export function messageShape(limits: GraphLimits): Shape {
  const id = jsonShape(limits.idLength);
  const fields = {
    '#': id,
    '@': id,
    ok: jsonShape(answerLength(limits)),
    get: SELECTOR,
    put: putShape(limits),
    op: shape({ h: LINK, b: LINK }),
  };
  const flags = Object.fromEntries(FLAGS.map((name) => [name, UNREAD]));
  return { ...shape({ ...fields, ...flags }, 1), finish: finishMessage };
}

/**
 * What is kept of an array of messages.
 *
 * @param use what becomes of texts in it
 */
export function batchShape(limits: GraphLimits, room: number, use: TextUse): Shape {
  return { ...UNREAD, items: room + 1, other: { ...messageShape(limits), text: use } };
}

function putShape(limits: GraphLimits): Shape {
  const states: Shape = { ...shape({}, limits.nodeProperties + 1), finish: finishStates };
  const meta = shape({ '#': UNREAD, '>': states });
  const node: Shape = {
    ...shape({ [META_KEY]: meta }, limits.nodeProperties + 1, VALUE),
    complete: completeNode,
  };
  return shape({}, limits.messageSouls + 1, node);
}

/** Of what is written as JSON again up to some length: so many members that with them all it is longer. */
function jsonShape(length: number): Shape {
  const items = Math.ceil(length / MIN_ITEM_LENGTH);
  const json = { ...UNREAD, items, others: Math.ceil(length / MIN_MEMBER_LENGTH), other: UNREAD };
  json.other = json;
  return json;
}

function shape(fields: Readonly<Record<string, Shape>>, others = 0, other = UNREAD): Shape {
  const byName = new Map(Object.entries(fields));
  return { ...UNREAD, field: (name) => byName.get(name), others, other };
}

function finishMessage({ value }: KeptMembers): unknown {
  return Array.isArray(value) ? value : new LargeMessage(value);
}

function finishStates({ value, isWhole, open }: KeptMembers): unknown {
  return isWhole ? value : new ManyStates(open);
}

function* completeNode({ value: node }: KeptMembers, readAgain: ReadAgain): Generator<undefined, void> {
  if (Array.isArray(node)) return;
  const meta = node[META_KEY] as Record<string, unknown> | null | undefined;
  const states = meta?.['>'];
  if (!(states instanceof ManyStates)) return;
  const used: Shape = { ...UNREAD, field: (name) => (name in node ? UNREAD : undefined) };
  meta!['>'] = yield* readAgain(states.open, used);
}

/** A link with a long soul becomes JSON like a long text. */
function finishValue({ value }: KeptMembers): unknown {
  const soul = (value as Record<string, unknown>)['#'];
  const isLink = soul instanceof ReadyJson && soul.json !== '""' && Object.keys(value).length === 1;
  return isLink ? new ReadyJson(`{"#":${soul.json}}`) : value;
}
