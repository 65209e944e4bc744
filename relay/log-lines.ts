/** Logs in words: the lines that `thicket log` prints, and the JSON that programs read. */
import { toHex } from '../lib/base/byte-texts.ts';
import { decodeHeader } from '../lib/log/codec.ts';
import { BODY_KIND, decodeEnvelope } from '../lib/log/envelope.ts';
import { decodeExtensions } from '../lib/log/extensions.ts';
import type { OperationBytes } from '../lib/log/sequence.ts';
import { LOG_REASONS } from '../lib/log/reasons.ts';
import { decodeDelta } from '../lib/store/delta-codec.ts';
import type { BlameReport, HeadReport, ImportReport } from './log-access.ts';
import type { LogVerdict } from './log-check.ts';

/** Digits of an id that is only to be told from its neighbours. */
const SHORT = 8;
const MICROSECONDS = 1000n;
/** Times beyond are not written as dates. */
const LAST_DATE_MS = 8.64e15;

/** A property that an operation wrote. */
export interface WriteReport {
  readonly soul: string;
  readonly key: string;
  readonly state: number;
  /** As it was written; a link as `{"#": soul}`. */
  readonly value: unknown;
}

/** An operation in readable form. */
export interface OperationReport {
  readonly author: string;
  readonly log: string;
  readonly sequence: number;
  readonly id: string;
  /** When its author says that it was made, as ISO 8601. */
  readonly time: string;
  /** True when it gives up everything before it. */
  readonly prune: boolean;
  /** The kind of its body; undefined when there is none, or when it is not one of Thicket's. */
  readonly kind: string | undefined;
  /** Whether its body is held, was pruned, or never was. */
  readonly body: 'held' | 'pruned' | 'none';
  readonly bytes: number;
  /** What it says to the graph. */
  readonly writes: readonly WriteReport[];
}

/** An operation that cannot be read. */
export interface UnreadableReport {
  readonly unreadable: string;
}

/** An operation as a report. */
export function reportOperation({ header: bytes, body }: OperationBytes): OperationReport | UnreadableReport {
  const header = decodeHeader(bytes);
  if (!header.ok) return { unreadable: LOG_REASONS[header.reason].text };
  const extensions = decodeExtensions(header.value.extensions);
  if (!extensions.ok) return { unreadable: LOG_REASONS[extensions.reason].text };
  const { author, sequence, id, payloadSize } = header.value;
  return {
    author: toHex(author),
    log: toHex(extensions.value.logId),
    sequence,
    id: toHex(id),
    time: timeText(extensions.value.timestamp),
    prune: extensions.value.prune,
    ...reportBody(payloadSize, body),
    bytes: bytes.length + (body?.length ?? 0),
  };
}

function reportBody(
  payloadSize: number,
  body: Uint8Array | undefined,
): Pick<OperationReport, 'kind' | 'body' | 'writes'> {
  if (body === undefined) return { kind: undefined, body: payloadSize === 0 ? 'none' : 'pruned', writes: [] };
  const envelope = decodeEnvelope(body);
  const delta = decodeDelta(body);
  const writes = (delta.ok ? delta.value?.writes : undefined) ?? [];
  return {
    kind: envelope.ok ? envelope.value.kind : undefined,
    body: 'held',
    writes: writes.map(({ soul, key, state, json }) => ({
      soul,
      key,
      state,
      value: JSON.parse(json) as unknown,
    })),
  };
}

/** A timestamp of an operation, in microseconds, as a date. */
export function timeText(timestamp: bigint): string {
  return dateText(Number(timestamp / MICROSECONDS));
}

/** Milliseconds as a date where they are one, else as they are. */
export function dateText(ms: number): string {
  return Math.abs(ms) <= LAST_DATE_MS ? new Date(ms).toISOString() : String(ms);
}

/** A head as a line. */
export function headLine({ author, log, first, height, tip, operations, side }: HeadReport): string {
  const fork = side === undefined ? '' : `, forked at #${side.from}`;
  return `${author}  log ${log.slice(0, SHORT)}  #${first} to #${height}, ${operations} operations, tip ${tip.slice(0, SHORT)}${fork}`;
}

/** An operation as a line. */
export function operationLine(report: OperationReport | UnreadableReport): string {
  if ('unreadable' in report) return `unreadable: ${report.unreadable}`;
  const { author, sequence, id, time, prune, kind, body, writes } = report;
  const what = body === 'held' ? `${kind ?? 'other bytes'}, ${writes.length} properties` : WITHOUT_BODY[body];
  return `${author.slice(0, SHORT)} #${sequence}  ${time}  ${id}  ${what}${prune ? ', prunes' : ''}`;
}

const WITHOUT_BODY = { pruned: 'body pruned', none: 'no body' } as const;

/** Who said what a property has, as a line. */
export function blameLine({ key, value, state, said }: BlameReport): string {
  const what = `${key} = ${JSON.stringify(value)}  ${dateText(state)}`;
  if (said === undefined) return `${what}  unsigned`;
  const { author, sequence, id, kind } = said;
  const how = kind === BODY_KIND.put ? 'signed' : 'seen';
  return `${what}  ${how} by ${author} #${sequence} (${id})`;
}

/** What is wrong with a log, a line each. */
export function verdictLines({ author, log, faults }: LogVerdict): string[] {
  return faults.map(({ sequence, id, reason }) => {
    const place = sequence === undefined ? '' : ` #${sequence}`;
    const name = id === undefined ? '' : ` ${id.slice(0, SHORT)}`;
    return `${author}  log ${log.slice(0, SHORT)}${place}${name}: ${LOG_REASONS[reason].text}`;
  });
}

/** What verification came to. */
export function verifiedLine(sum: {
  readonly logs: number;
  readonly operations: number;
  readonly faulty: number;
}): string {
  const looked = `${counted(sum.logs, 'log')}, ${counted(sum.operations, 'operation')}`;
  return sum.faulty === 0 ? `${looked}: whole` : `${looked}: ${counted(sum.faulty, 'log')} not whole`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** What an import came to, a line each. */
export function importLines({ taken, known, refused, fault }: ImportReport): string[] {
  return [
    `${counted(taken, 'operation')} taken in, ${known} known before`,
    ...Object.entries(refused).map(([reason, count]) => `${count} refused: ${reason}`),
    ...(fault === undefined ? [] : [`the rest was not looked at: ${fault}`]),
  ];
}
