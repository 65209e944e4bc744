import { fromBase64Url, fromHex, toBase64Url, toHex } from '../base/byte-texts.ts';
import type { Clock } from '../base/clock.ts';
import { GraphError } from '../base/errors.ts';
import type { Header } from '../log/codec.ts';
import { logIdOf } from '../log/hash.ts';
import type { LogName } from '../log/heights.ts';
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
    if (head === undefined) return this.#take(tip, tip.sequence, []);
    if (tip.sequence <= height) {
      const own = await this.idAt(records, tip.sequence);
      if (own === undefined || own === toHex(tip.id))
        return { kind: 'give', from: tip.sequence + 1, until: height };
    } else if (remote.at.get(height) === head.tip) {
      return this.#take(tip, tip.sequence === height + 1 ? head.first : tip.sequence, []);
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
    return this.#take(tip, tip.sequence, renewed, gone);
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

  /** The log goes on behind the last operation of a peer, with those that were made anew. */
  #take(tip: Header, first: number, renewed: readonly Renewed[], gone: readonly Change[] = []): Meeting {
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
    return [
      [this.#placeKey(header.sequence), `${id} ${toBase64Url(header.bytes)} ${toBase64Url(body)}`],
      this.#headChange({ first, height: header.sequence, tip: id }),
    ];
  }

  #headChange({ first, height, tip }: AuthorHead): Change {
    return [HEAD + this.#logKey, `${first} ${height} ${tip}`];
  }
}
