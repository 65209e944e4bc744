import { fromBase64Url, fromHex, toBase64Url, toHex } from '../base/byte-texts.ts';
import type { Clock } from '../base/clock.ts';
import { GraphError } from '../base/errors.ts';
import { decodeHeader, type Header } from '../log/codec.ts';
import { decodeExtensions } from '../log/extensions.ts';
import { logIdOf } from '../log/hash.ts';
import type { LogName } from '../log/heights.ts';
import { checkBody } from '../log/integrity.ts';
import type { LaterSigner } from '../log/key-pair.ts';
import {
  createOperationLater,
  FIRST_PLACE,
  namesOf,
  placeAfter,
  timestampOf,
  type Operation,
  type Place,
} from '../log/operation.ts';
import type { Change } from '../store/storage.ts';
import type { Records } from './author-records.ts';

/**
 * What the storage of an app has of a log, in one record each:
 *
 * | key | value |
 * |---|---|
 * | `h/<author><log>` | `<first> <height> <id of the last operation>` |
 * | `o/<author><log><sequence>` | `<id> <header> <body>`, both as base64url, the body empty when it is not here |
 * | `a/<author><log>` | height up to which some peer has it |
 */
const HEAD = 'h/';
const OPERATION = 'o/';
const STORED = 'a/';
const SEQUENCE_DIGITS = 8;

/** What an author signs with, and which log. */
export interface AuthorLogOptions {
  readonly signer: LaterSigner;
  readonly topic: Uint8Array;
  readonly clock: Clock;
}

/** Where a log begins and ends. */
export interface AuthorHead {
  /** Sequence number of the first operation that is here, and of the last. */
  readonly first: number;
  readonly height: number;
  /** Id of the last one, as hex. */
  readonly tip: string;
}

/** An operation as it is kept. */
export interface KeptOperation {
  readonly header: Uint8Array;
  /** Undefined for one that was taken over without it. */
  readonly body: Uint8Array | undefined;
}

/** A change of the log: what it appended, and the records that say so. */
export interface Appended {
  readonly operation: Operation;
  readonly changes: readonly Change[];
}

/** Where the log of a peer ends, as its author has signed it. */
export interface RemoteLog {
  readonly tip: Header;
  /** Ids of the operations at the places that were asked for, as hex. */
  readonly at: ReadonlyMap<number, string>;
}

/** What is to be done about the difference between the own log and that of a peer. */
export type Meeting =
  /** The peer lacks what comes from there on. */
  | { readonly kind: 'give'; readonly from: number; readonly until: number }
  /** It has more: the own log went on elsewhere, and goes on behind that; operations that nobody had were made anew. */
  | { readonly kind: 'taken'; readonly changes: readonly Change[]; readonly renewed: readonly Renewed[] }
  /** Both say different things at one place, each signed with the key. */
  | { readonly kind: 'forked' }
  /** The peer does not show how its log and this one belong together, which proves nothing. */
  | { readonly kind: 'unclear' };

/** An operation that was made anew, behind others than before. */
export interface Renewed {
  /** Id of the old one, as hex. */
  readonly was: string;
  readonly operation: Operation;
}

/** The lowest operation of a log that is here; undefined when only its header is. */
interface Lowest {
  readonly first: number;
  readonly whole?: Operation | undefined;
}

/** The log of an author in the records of an app (log-mapping sections 2 and 7); it changes nothing by itself. */
export class AuthorLog {
  readonly name: LogName;
  readonly #signer: LaterSigner;
  readonly #logId: Uint8Array;
  readonly #clock: Clock;

  constructor({ signer, topic, clock }: AuthorLogOptions) {
    this.#signer = signer;
    this.#logId = logIdOf(topic);
    this.#clock = clock;
    this.name = { author: toHex(signer.publicKey), log: toHex(this.#logId) };
  }

  /** Where the log begins and ends; undefined while it is empty. */
  async head(records: Records): Promise<AuthorHead | undefined> {
    const record = await records.getText(HEAD + this.#logKey);
    const [first, height, tip] = record?.split(' ') ?? [];
    return tip === undefined ? undefined : { first: Number(first), height: Number(height), tip };
  }

  /** Height up to which some peer has the log; -1 for none. */
  async storedHeight(records: Records): Promise<number> {
    return Number((await records.getText(STORED + this.#logKey)) ?? -1);
  }

  /** The change that notes it. */
  noteStored(height: number): Change {
    return [STORED + this.#logKey, String(height)];
  }

  /**
   * Signs a body behind what is there.
   *
   * @throws GraphError LOG_FULL, LOG_BODY_TOO_LARGE, and what the key rejects with
   */
  async append(records: Records, body: Uint8Array): Promise<Appended> {
    const head = await this.head(records);
    const place =
      head === undefined ? FIRST_PLACE : { sequence: head.height + 1, backlink: fromHex(head.tip) };
    const operation = await this.#sign(place, body);
    return { operation, changes: this.#changesOf(operation, head?.first ?? 0) };
  }

  /** The id at a place, undefined when nothing is held there. */
  async idAt(records: Records, sequence: number): Promise<string | undefined> {
    const record = await records.getText(this.#placeKey(sequence));
    return record?.slice(0, record.indexOf(' '));
  }

  /** The operation at a place, undefined when nothing is held there. */
  async operationAt(records: Records, sequence: number): Promise<KeptOperation | undefined> {
    const record = await records.getText(this.#placeKey(sequence));
    const [, header, body] = (record?.split(' ') ?? []).map(fromBase64Url);
    if (header === undefined) return undefined;
    return { header, body: body === undefined || body.length === 0 ? undefined : body };
  }

  /** The last place at or above a place whose operation is not here whole; undefined when all of them are. */
  async missing(records: Records, from: number): Promise<number | undefined> {
    const head = await this.head(records);
    if (head === undefined) return undefined;
    const lowest = await this.#wholeAt(records, head.first);
    if (lowest === undefined) return head.first >= from ? head.first : undefined;
    return head.first > from ? head.first - 1 : undefined;
  }

  /**
   * Puts operations before those that are here, which are what these are signed behind: nothing else fits by its hash.
   *
   * @param shown in a row, the last one first; those that do not fit are left out
   * @returns the changes, and those of what is still in the records from before
   */
  async putBelow(records: Records, shown: readonly KeptOperation[]): Promise<readonly Change[]> {
    const head = await this.head(records);
    if (head === undefined) return [];
    const changes: Change[] = [];
    let lowest: Lowest = { first: head.first, whole: await this.#wholeAt(records, head.first) };
    for (const kept of shown) {
      const below = await this.#below(records, lowest, readWhole(kept));
      if (below === undefined) continue;
      lowest = below;
      changes.push(this.#recordOf(below.whole));
    }
    for (let below: Lowest | undefined = lowest; below !== undefined;) {
      lowest = below;
      below = await this.#below(records, lowest, await this.#wholeAt(records, lowest.first - 1));
    }
    const { first } = lowest;
    return first === head.first ? changes : [...changes, this.#headChange({ ...head, first })];
  }

  /** The lowest one with an operation that fits: the body of what is here, or what that was signed behind. */
  async #below(
    records: Records,
    { first, whole }: Lowest,
    operation: Operation | undefined,
  ): Promise<(Lowest & { readonly whole: Operation }) | undefined> {
    if (operation === undefined) return undefined;
    const { sequence, id } = operation.header;
    const wanted = whole === undefined ? await this.idAt(records, first) : backlinkOf(whole);
    const place = whole === undefined ? first : first - 1;
    const fits = sequence === place && toHex(id) === wanted;
    return fits ? { first: sequence, whole: operation } : undefined;
  }

  /** The operation at a place, undefined when it is not here with its body. */
  async #wholeAt(records: Records, sequence: number): Promise<Operation | undefined> {
    const kept = await this.operationAt(records, sequence);
    return kept === undefined ? undefined : readWhole(kept);
  }

  /**
   * Compares with the log as a peer has it.
   *
   * @param remote undefined when it has nothing of it
   */
  async meet(records: Records, remote: RemoteLog | undefined): Promise<Meeting> {
    const head = await this.head(records);
    const height = head?.height ?? -1;
    if (remote === undefined) return { kind: 'give', from: 0, until: height };
    const { tip } = remote;
    if (head === undefined) return this.#take(tip, []);
    if (tip.sequence <= height) {
      const own = await this.idAt(records, tip.sequence);
      if (own === undefined || own === toHex(tip.id))
        return { kind: 'give', from: tip.sequence + 1, until: height };
    } else if (remote.at.get(height) === head.tip) {
      return this.#take(tip, []);
    }
    return this.#renew(records, remote, head);
  }

  /** Makes what no peer has anew, behind what the peer has; forked when peers have different things. */
  async #renew(records: Records, remote: RemoteLog, { height }: AuthorHead): Promise<Meeting> {
    const { tip } = remote;
    const stored = await this.storedHeight(records);
    const common = await this.#lastCommon(records, remote);
    if (await this.#contradicts(records, remote, Math.max(stored, common))) return { kind: 'forked' };
    if (common < stored) return { kind: 'unclear' };
    const gone: Change[] = [];
    const bodies: { readonly was: string; readonly body: Uint8Array }[] = [];
    for (let sequence = common + 1; sequence <= height; sequence += 1) {
      const was = await this.idAt(records, sequence);
      const body = (await this.operationAt(records, sequence))?.body;
      if (was === undefined || body === undefined) return { kind: 'unclear' };
      bodies.push({ was, body });
      gone.push([this.#placeKey(sequence), undefined]);
    }
    const renewed: Renewed[] = [];
    for (const { was, body } of bodies) {
      const operation = await this.#sign(placeAfter(renewed.at(-1)?.operation.header ?? tip), body);
      renewed.push({ was, operation });
    }
    return this.#take(tip, renewed, gone);
  }

  /** The last place that both are known to have alike, -1 for none. */
  async #lastCommon(records: Records, { at }: RemoteLog): Promise<number> {
    let common = -1;
    for (const [place, id] of at) {
      if (place > common && id === (await this.idAt(records, place))) common = place;
    }
    return common;
  }

  /** True when the peer has another operation where this log cannot be made anew. */
  async #contradicts(records: Records, { at }: RemoteLog, last: number): Promise<boolean> {
    for (const [place, id] of at) {
      const own = place > last ? undefined : await this.idAt(records, place);
      if (own !== undefined && own !== id) return true;
    }
    return false;
  }

  /** The log goes on behind the last operation of a peer, of which only the header is here, with those made anew. */
  #take(tip: Header, renewed: readonly Renewed[], gone: readonly Change[] = []): Meeting {
    const first = tip.sequence;
    const id = toHex(tip.id);
    const changes: Change[] = [
      ...gone,
      [this.#placeKey(tip.sequence), `${id} ${toBase64Url(tip.bytes)} `],
      this.#headChange({ first, height: tip.sequence, tip: id }),
      this.noteStored(tip.sequence),
      ...renewed.flatMap(({ operation }) => this.#changesOf(operation, first)),
    ];
    return { kind: 'taken', changes, renewed };
  }

  get #logKey(): string {
    return this.name.author + this.name.log;
  }

  #placeKey(sequence: number): string {
    return OPERATION + this.#logKey + sequence.toString(16).padStart(SEQUENCE_DIGITS, '0');
  }

  #sign(place: Place, body: Uint8Array): Promise<Operation> {
    const fields = { logId: this.#logId, timestamp: timestampOf(this.#clock()), prune: false };
    return createOperationLater(this.#signer, place, fields, body);
  }

  #changesOf(operation: Operation, first: number): Change[] {
    const { id } = namesOf(operation);
    const { header, body } = operation;
    if (body === undefined) throw new GraphError('GRAPH_BAD_VALUE', 'nothing to sign');
    return [this.#recordOf(operation), this.#headChange({ first, height: header.sequence, tip: id })];
  }

  #recordOf({ header, body }: Operation): Change {
    const bytes = toBase64Url(body ?? new Uint8Array(0));
    return [this.#placeKey(header.sequence), `${toHex(header.id)} ${toBase64Url(header.bytes)} ${bytes}`];
  }

  #headChange({ first, height, tip }: AuthorHead): Change {
    return [HEAD + this.#logKey, `${first} ${height} ${tip}`];
  }
}

/** An operation with the body that its header says, undefined for one that lacks it. */
export function readWhole({ header: bytes, body }: KeptOperation): Operation | undefined {
  const header = decodeHeader(bytes);
  const extensions = header.ok ? decodeExtensions(header.value.extensions) : header;
  if (!header.ok || !extensions.ok) return undefined;
  const isWhole = body !== undefined && checkBody(header.value, body) === undefined;
  return isWhole ? { header: header.value, extensions: extensions.value, body } : undefined;
}

function backlinkOf({ header }: Operation): string | undefined {
  return header.backlink === undefined ? undefined : toHex(header.backlink);
}
