/** The door `thicket/author`: apps that sign what they write, as operations of a log of their own. */
import { fromHex, toHex } from '../base/byte-texts.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { GraphError, relayError } from '../base/errors.ts';
import type { FieldWrite } from '../graph/write.ts';
import { BODY_KIND } from '../log/envelope.ts';
import { graphTopic, HASH_BYTES, logIdOf } from '../log/hash.ts';
import { KeyPair, type LaterSigner } from '../log/key-pair.ts';
import { MOST_BODY_BYTES } from '../log/operation.ts';
import { encodeDelta, unsignable } from '../store/delta-codec.ts';
import { keyOfSoul, OWNED } from '../store/key-soul.ts';
import { AuthorBatch } from './author-batch.ts';
import { AuthorBelief } from './author-belief.ts';
import { fastSigner, storedKey } from './author-key.ts';
import { AuthorLine } from './author-line.ts';
import { AuthorLog, type KeptOperation } from './author-log.ts';
import { AuthorPublisher } from './author-publisher.ts';
import { AuthorRecords } from './author-records.ts';
import type { GraphCore } from './core.ts';
import { assertPossible, delivered, type PutOptions, type PutResult, type WriteOptions } from './delivery.ts';
import { coreOf, type Graph } from './graph.ts';
import { Reference } from './reference.ts';
import { headerIn } from './signed-text.ts';
import type { OpenNode } from './types.ts';
import type { Line, UnsentWrite } from './unsent.ts';
import type { Parcel, Uplink } from './uplink.ts';

export { KeyPair, type LaterSigner, type Signer } from '../log/key-pair.ts';
export type { KeptOperation } from './author-log.ts';

/** The network whose relays keep the log, unless they were told another with `--network`. */
const NETWORK = 'gun';
const BATCH_MS = 20;
const LONGEST_BATCH_MS = 1000;
/** Operations given at once. */
const PAGE = 1000;

/** The logs that a graph goes by: one of each author, which follows from its topic (log-mapping section 2). */
export interface TopicOptions {
  /** Name of the network, as the relays' option `--network`. Default `gun`. */
  readonly network?: string;
  /** Topic of a graph that has one of its own, 32 bytes; in place of the network's. */
  readonly topic?: Uint8Array;
}

/** Options of {@link authorOf}. */
export interface AuthorOptions extends TopicOptions {
  /**
   * Who signs: a pair, something else that signs with an Ed25519 key, or `stored` for the pair that the graph keeps in its
   * storage, which is made when there is none.
   */
  readonly key: KeyPair | LaterSigner | 'stored';
  /**
   * What is signed: `all` that the graph writes, or `own`: what is written by references of the author, and to the space of
   * the key. Default `all`.
   */
  readonly signs?: 'all' | 'own';
  /** How long writes wait for others to share an operation with, in milliseconds, 0 to 1000. Default 20. */
  readonly batch?: number;
  /** Time of the operations, in milliseconds. Default: the clock of the machine. */
  readonly clock?: Clock;
}

/**
 * Makes a graph sign what it writes, as operations of a log of its own (log-mapping section 2), and see the signatures of
 * others. Writes wait for it, so it is best called as soon as the graph is made.
 *
 * @throws GraphError OPTION_INVALID for wrong options and for a graph that has an author, KEY_INVALID when the stored key is
 * damaged, STORAGE_FAILED, LIFECYCLE_CLOSED
 */
export async function authorOf<Schema extends object>(
  graph: Graph<Schema>,
  options: AuthorOptions,
): Promise<Author> {
  const author = new Author(coreOf(graph), checked(options));
  await author.ready;
  return author;
}

/**
 * Makes a graph see the signatures of authors without signing anything: what peers say of the space of a key is kept only
 * when that key has signed it in its log of the network or topic: what it said elsewhere was not said here. A graph with an
 * author does so as well. Called again for another topic the logs of both count.
 *
 * @throws GraphError OPTION_INVALID for a topic that has not 32 bytes
 */
export function checkAuthors<Schema extends object>(graph: Graph<Schema>, options: TopicOptions = {}): void {
  checkIn(coreOf(graph), topicFrom(options));
}

const checking = new WeakMap<GraphCore, AuthorBelief>();
const authors = new WeakMap<GraphCore, Author>();

function checkIn(core: GraphCore, topic: Uint8Array): void {
  const belief = checking.get(core) ?? beginChecking(core);
  belief.believe(logIdOf(topic));
}

function beginChecking(core: GraphCore): AuthorBelief {
  const belief = new AuthorBelief(
    (soul, key) => core.entry(soul, key),
    () => core.keeper.commit([], false),
  );
  checking.set(core, belief);
  core.spaces = belief.around(core.spaces);
  return belief;
}

/**
 * The soul of a node in the space of an author, where only the author can write.
 *
 * @param author the public key, 64 lower-case hex digits
 * @param name not empty
 * @throws GraphError KEY_INVALID, GRAPH_BAD_VALUE
 */
export function soulOfAuthor(author: string, name: string): string {
  if (fromHex(author)?.length !== HASH_BYTES) throw relayError('KEY_INVALID', 'not 64 hex digits');
  if (name === '') throw new GraphError('GRAPH_BAD_VALUE', 'a soul is empty');
  return `@${author}/${name}`;
}

/** Who signs in a graph. */
export class Author {
  /** Resolves when the key and its log are there; rejects as {@link authorOf}. */
  readonly ready: Promise<void>;
  readonly #core: GraphCore;
  readonly #options: CheckedOptions;
  readonly #marked = new WeakSet<readonly FieldWrite[]>();
  readonly #lines = new WeakMap<Uplink, AuthorLine>();
  readonly #batch: AuthorBatch<UnsentWrite>;
  readonly #writePlain: GraphCore['write'];
  #publisher: AuthorPublisher | undefined;

  /** Use {@link authorOf}. */
  constructor(core: GraphCore, options: CheckedOptions) {
    core.assertUsable();
    if (authors.has(core)) throw new GraphError('OPTION_INVALID', 'the graph has an author');
    this.#core = core;
    this.#options = options;
    this.#batch = new AuthorBatch({
      waitMs: options.batch,
      mostBytes: MOST_BODY_BYTES,
      publish: (writes) => this.#publisher!.publish(writes),
    });
    checkIn(core, options.topic);
    authors.set(core, this);
    this.#writePlain = core.write.bind(core);
    core.write = (writes, given) => this.#write(writes, given);
    core.unsent.line = (write, uplink) => this.#lineOf(write, uplink);
    core.onClose(() => this.#batch.flush());
    this.ready = this.#open();
    this.ready.catch(() => this.#giveBack());
  }

  /** The public key, 64 hex digits: the name by which others know the author. */
  get id(): string {
    return this.#opened.name.author;
  }

  /** Why nothing is signed any more: the log has two branches (LOG_FORKED); undefined as long as all is well. */
  get fault(): GraphError | undefined {
    return this.#opened.fault;
  }

  /** A node in the space of the key, where nobody else can write; what is written there is signed. */
  get(name: string): Reference<OpenNode> {
    return this.node(soulOfAuthor(this.id, name));
  }

  /** Any node; what is written there is signed, also with the option `own`. */
  node(soul: string): Reference<OpenNode> {
    return new Reference<OpenNode>(this.#core, { soul, keys: [] }, (writes) =>
      Promise.resolve(this.#mark(writes)),
    );
  }

  /**
   * Writes values with states of one's own, as what was made elsewhere has; see `writeOf`.
   *
   * @throws GraphError as `Reference.put`, and for what cannot be signed
   */
  async put(writes: readonly FieldWrite[], options: PutOptions = {}): Promise<PutResult> {
    assertPossible(this.#core, options.until);
    await this.ready;
    return this.#core.write(this.#mark([...writes]), options);
  }

  /** Sequence number of the last operation; undefined when nothing was signed. */
  async height(): Promise<number | undefined> {
    return (await this.#opened.head())?.height;
  }

  /**
   * Operations of the log as this app has them, in order: at most 1000 of those behind a sequence number. Those before a
   * log was taken over from a relay are not here, see {@link recover}.
   */
  operations(after = -1): Promise<readonly KeptOperation[]> {
    return this.#opened.operations(after + 1, PAGE);
  }

  /**
   * Takes back the operations of the log that are not here, as after the storage was restored, from relays that have shown
   * it to this app; to export the log, or to have all of it for relays that have nothing of it.
   *
   * @returns true when the log is here whole; false when no connected relay gives the rest
   */
  recover(): Promise<boolean> {
    return this.#opened.recover();
  }

  /**
   * Signs nothing any more: resolves when that is so, and what was signed is stored. Operations on their way are sent; writes
   * that nobody waited for may go unsigned.
   */
  async leave(): Promise<void> {
    this.#batch.flush();
    await this.#opened.idle();
    this.#giveBack();
  }

  /** Writes go their plain way again. */
  #giveBack(): void {
    if (authors.get(this.#core) !== this) return;
    authors.delete(this.#core);
    this.#core.write = this.#writePlain;
  }

  get #opened(): AuthorPublisher {
    if (this.#publisher === undefined) throw new GraphError('LIFECYCLE_CLOSED', 'the author is not ready');
    return this.#publisher;
  }

  async #open(): Promise<void> {
    const core = this.#core;
    const { key, topic, clock } = this.#options;
    await core.ready;
    const pair = key === 'stored' ? await storedKey(core.keeper) : key;
    const signer = pair instanceof KeyPair ? await fastSigner(pair) : pair;
    const records = new AuthorRecords(core.keeper);
    await records.open();
    this.#publisher = new AuthorPublisher(core, records, new AuthorLog({ signer, topic, clock }));
  }

  #mark(writes: readonly FieldWrite[]): readonly FieldWrite[] {
    this.#marked.add(writes);
    return writes;
  }

  #write(writes: readonly FieldWrite[], options: WriteOptions): Promise<PutResult> {
    const isSigned =
      this.#options.signs === 'all' ||
      this.#marked.has(writes) ||
      writes.some(({ soul }) => keyOfSoul(soul) !== undefined);
    return isSigned ? this.#sign(writes, options) : this.#writePlain(writes, options);
  }

  async #sign(all: readonly FieldWrite[], options: WriteOptions): Promise<PutResult> {
    await this.ready;
    const core = this.#core;
    core.assertUsable();
    if (this.fault !== undefined) throw this.fault;
    const now = this.#options.clock();
    const allowed = await core.spaces.check(all, now, (soul, key) => core.entry(soul, key));
    if (!allowed.ok) throw new GraphError('PUT_REFUSED', allowed.reason);
    const writes = allowed.value;
    if (writes.length === 0) return { delivery: 'local' };
    const write = await this.#batch.add(writes, bytesOf(writes, this.id));
    options.local?.();
    return delivered(core, write, options);
  }

  /** Operations of this author keep their order; others go as they come. */
  #lineOf(write: UnsentWrite, uplink: Uplink): Line {
    const header = headerIn(write.putJson);
    if (header === undefined) return uplink;
    const put = (parcel: Parcel): void => {
      const publisher = this.#opened;
      if (toHex(header.author) !== publisher.name.author) return uplink.put(parcel);
      const line = this.#lines.get(uplink) ?? new AuthorLine(uplink, publisher);
      this.#lines.set(uplink, line);
      line.send(write, parcel);
    };
    return {
      put: (parcel) => {
        this.ready.then(
          () => put(parcel),
          () => uplink.put(parcel),
        );
      },
    };
  }
}

type CheckedOptions = Required<AuthorOptions>;

/** @throws GraphError OPTION_INVALID */
function checked(options: AuthorOptions): CheckedOptions {
  const { key, signs = 'all', batch = BATCH_MS, network = NETWORK, clock = systemClock } = options;
  assertOption(isKey(key), 'key must be a key pair, or stored');
  assertOption(signs === 'all' || signs === 'own', 'signs must be all or own');
  assertOption(
    batch >= 0 && batch <= LONGEST_BATCH_MS,
    `batch must be 0 to ${LONGEST_BATCH_MS} milliseconds`,
  );
  return { key, signs, batch, network, clock, topic: topicFrom(options) };
}

/** @throws GraphError OPTION_INVALID */
function topicFrom({ network = NETWORK, topic = graphTopic(network) }: TopicOptions): Uint8Array {
  assertOption(topic.length === HASH_BYTES, `topic must have ${HASH_BYTES} bytes`);
  return topic;
}

function isKey(key: AuthorOptions['key'] | undefined): boolean {
  if (typeof key !== 'object') return key === 'stored';
  return typeof key.sign === 'function' && key.publicKey?.length === HASH_BYTES;
}

function assertOption(isRight: boolean, detail: string): void {
  if (!isRight) throw new GraphError('OPTION_INVALID', detail);
}

/**
 * Bytes of what an author says.
 *
 * @throws GraphError PUT_REFUSED in the space of another key, GRAPH_BAD_VALUE for what cannot be signed, LOG_BODY_TOO_LARGE
 */
function bytesOf(writes: readonly FieldWrite[], author: string): number {
  for (const write of writes) {
    if ((keyOfSoul(write.soul) ?? author) !== author) throw new GraphError('PUT_REFUSED', OWNED);
    const reason = unsignable(write);
    if (reason !== undefined) throw new GraphError('GRAPH_BAD_VALUE', `${reason} cannot be signed`);
  }
  const body = encodeDelta(BODY_KIND.put, writes);
  if (!body.ok) throw relayError('LOG_BODY_TOO_LARGE', `more than ${MOST_BODY_BYTES} bytes`);
  return body.value.length;
}
