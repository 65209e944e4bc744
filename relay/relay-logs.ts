/** The logs of a relay: what the writer keeps of them, the relay's own key and log, the witness, and other nodes. */
import { availableParallelism } from 'node:os';
import { toHex } from '../lib/base/byte-texts.ts';
import type { Clock } from '../lib/base/clock.ts';
import type { MaybePromise } from '../lib/base/maybe-promise.ts';
import { waitFor, type Slices, type WaitingSteps } from '../lib/base/slices.ts';
import type { Entry, FieldWrite } from '../lib/graph/write.ts';
import { graphTopic, logIdOf } from '../lib/log/hash.ts';
import type { LogName } from '../lib/log/heights.ts';
import type { KeyPair, Signer } from '../lib/log/key-pair.ts';
import type { StartTimer } from '../lib/store/deferred-writes.ts';
import type { GraphStore } from '../lib/store/graph-store.ts';
import { InBand } from '../lib/mesh/in-band.ts';
import { ChangedSources } from '../lib/store/changed-sources.ts';
import { CountingEntries } from '../lib/store/counting-entries.ts';
import { ForkHider, type ForkHiderEvent } from '../lib/store/fork-hider.ts';
import { ForkMarks } from '../lib/store/fork-marks.ts';
import { GivenUp, type GivenUpEvent } from '../lib/store/given-up.ts';
import { History } from '../lib/store/history.ts';
import { LogGroup } from '../lib/store/log-group.ts';
import { REBUILD_KEY } from '../lib/store/log-keys.ts';
import { LoggedCommits } from '../lib/store/logged-commits.ts';
import { LogRefusals } from '../lib/store/log-refusals.ts';
import { LogRoom } from '../lib/store/log-room.ts';
import { LogStore } from '../lib/store/log-store.ts';
import { Past } from '../lib/store/past.ts';
import { OwnLog } from '../lib/store/own-log.ts';
import type { Storage } from '../lib/store/storage.ts';
import { WitnessMarks } from '../lib/store/witness-marks.ts';
import { Witness, type WitnessEvent } from '../lib/store/witness.ts';
import type { Writer } from '../lib/store/writer.ts';
import type { IntakeOptions } from '../lib/sync/intake.ts';
import { OwnClaims, type OwnClaimEvent } from '../lib/sync/own-claims.ts';
import { StoredLogs } from '../lib/sync/stored-logs.ts';
import type { LogAccess } from './log-access.ts';
import { LogFigures } from './log-figures.ts';
import { LogNetwork, type LogNetworkEvent, type LogNetworkWorld } from './log-network.ts';
import { nodeSigner, nodeVerifier, poolVerifier } from './node-ed25519.ts';
import type { RelayOptions } from './option-table.ts';
import { openKeyFile, storedKey, type OwnKey, type OwnKeyEvent } from './own-key.ts';
import { Pruning, type PruneEvent } from './pruning.ts';
import { StoredLogAccess } from './stored-log-access.ts';

const HOUR_MS = 3_600_000;
/** Writes of an operation that are gone through in steps. */
const MANY_WRITES = 4096;

/** What is told at the start when a rebuild of the graph was cut off: what it has is sound, but not all of it done. */
export interface RebuildEvent {
  readonly kind: 'rebuild-unfinished';
  readonly todo: string;
}

/** What a relay's logs need. */
export interface RelayLogsParts {
  readonly options: Pick<
    RelayOptions,
    'data' | 'legacy' | 'limits' | 'logKey' | 'network' | 'peers' | 'prune'
  > & {
    /** As an earlier run had it when undefined. */
    readonly forks: RelayOptions['forks'] | undefined;
  };
  readonly storage: Storage;
  readonly clock: Clock;
  readonly slices: Slices;
  readonly report: (
    event:
      | WitnessEvent
      | LogNetworkEvent
      | PruneEvent
      | ForkHiderEvent
      | GivenUpEvent
      | OwnClaimEvent
      | OwnKeyEvent
      | RebuildEvent,
  ) => void;
  /** In place of the key that the relay has. */
  readonly key?: KeyPair | undefined;
  /** True when the storage has a folder, which the key file is in. */
  readonly hasFolder: boolean;
  /** True to mark what nobody signed for a relay that signs it at its next start. */
  readonly leavesMarks?: boolean;
}

/** What of the relay its logs need, once that is there. */
export interface RelayLogsWorld extends LogNetworkWorld {
  readonly writer: Writer;
  readonly graph: GraphStore;
  /** Those writes of an operation that the graph may hold; all when absent. */
  readonly allow?: IntakeOptions['allow'];
  /** Told what operations of others changed, and the key of the node that brought them. */
  readonly changed: (writes: readonly FieldWrite[], node: string | undefined) => void;
}

/** The engine's timer, which does not keep a process alive. */
const startTimer: StartTimer = (task, waitMs) => {
  const timer = setTimeout(task, waitMs);
  timer.unref();
  return () => clearTimeout(timer);
};

/** A relay's logs. */
export class RelayLogs {
  readonly #parts: RelayLogsParts;
  /** What the writer is given. */
  readonly forWriter: LoggedCommits;
  /** What is told of them to operators. */
  readonly figures: LogFigures;
  readonly store: LogStore;
  readonly history: History;
  /** The same as those see it who bring operations. */
  readonly sync: StoredLogs;
  /** What the mesh is given. */
  readonly inBand: InBand;
  /** The topic of the graph. */
  readonly topic: Uint8Array;
  /** Who logs are synchronised with; undefined for a relay that keeps none. */
  readonly network: LogNetwork | undefined;
  readonly #marks: WitnessMarks;
  readonly #forks: ForkMarks;
  #hider: ForkHider | undefined;
  #givenUp: GivenUp | undefined;
  #world: RelayLogsWorld | undefined;
  #witness: Witness | undefined;
  #pruning: Pruning | undefined;
  #own: OwnLog | undefined;
  #claims: OwnClaims | undefined;
  #key: OwnKey | undefined;

  constructor(parts: RelayLogsParts) {
    const { options, storage } = parts;
    this.#parts = parts;
    this.topic = graphTopic(options.network);
    this.store = new LogStore(storage);
    this.#forks = new ForkMarks(storage, options.forks);
    this.history = new History(storage, this.store, (name) => this.#forks.isHidden(name));
    this.#marks = new WitnessMarks(storage, options.limits.witnessLength);
    const refusals = new LogRefusals();
    const room = new LogRoom(storage, options.limits.logAuthors);
    this.inBand = new InBand({
      history: this.history,
      store: this.store,
      verify: nodeVerifier(),
      refusals,
      now: parts.clock,
    });
    const marks = options.legacy === 'witness' || parts.leavesMarks === true ? this.#marks : undefined;
    const log = toHex(logIdOf(this.topic));
    this.forWriter = new LoggedCommits({
      group: () => new LogGroup(this.store, this.#forks, (id) => id === log, room),
      room,
      refusals,
      marks,
      signer: () => this.#witness,
      refusesUnsigned: options.legacy === 'reject',
      sources: new ChangedSources(this.store, marks),
      forks: { marks: this.#forks, entries: new CountingEntries(storage, this.store, this.#forks) },
    });
    this.figures = new LogFigures({
      store: this.store,
      counts: this.forWriter.counts,
      refused: refusals.counts,
      forks: () => this.#forks.size,
      marks: this.#marks,
      own: () => this.#own?.name,
      ownLag: () => this.#claims?.lag,
      now: () => performance.now(),
    });
    this.sync = new StoredLogs({
      store: this.store,
      marks: this.#forks,
      verify: nodeVerifier(),
      // On one core other threads only cost.
      verifyLater: availableParallelism() > 1 ? poolVerifier() : undefined,
      refusals,
      slices: parts.slices,
      submit: (request) => this.#world!.writer.submit(request),
      allow: (writes, author) => this.#allowed(writes, author),
      changed: (writes, node) => this.#world!.changed(writes, node),
      holed: (name) => this.#renew(name),
      heard: (remote) => this.#claims?.heard(remote) ?? (() => undefined),
      brought: (operation) => this.#claims?.brought(operation),
    });
    this.network = options.legacy === 'graph' ? undefined : this.#makeNetwork();
    this.#forks.onMarked((mark) => this.network?.forked(mark));
  }

  /** What a repair took out of the relay's own log must not keep what it signs from those who have less of it. */
  #renew({ author, log }: LogName): void {
    const own = this.#own?.name;
    if (own?.author === author && own.log === log) this.#witness?.renew();
  }

  #makeNetwork(): LogNetwork {
    const { options, slices } = this.#parts;
    const { limits, network } = options;
    const report = (event: LogNetworkEvent): void => {
      // Only one of the two stops, or nobody would sign any more.
      if (event.kind === 'log-key-shared' && event.dialled) this.#claims?.share();
      this.#parts.report(event);
    };
    const { store, topic, sync } = this;
    return new LogNetwork({
      limits,
      store,
      sync,
      topic,
      network,
      verify: nodeVerifier(),
      slices,
      startTimer,
      report,
    });
  }

  /** What may not be a name in a put may be none in an operation. */
  #allowed(writes: readonly FieldWrite[], author: string): MaybePromise<readonly FieldWrite[]> {
    if (writes.length > MANY_WRITES) return this.#parts.slices.runWaiting(this.#allowedOf(writes, author));
    const fitting = fittingNames(writes, this.#parts.options.limits.nameLength);
    return this.#world?.allow?.(fitting, author) ?? fitting;
  }

  /** The same of many, in steps. */
  *#allowedOf(writes: readonly FieldWrite[], author: string): WaitingSteps<readonly FieldWrite[]> {
    const fitting = fittingNames(writes, this.#parts.options.limits.nameLength);
    yield;
    const allowed = yield* waitFor(this.#world?.allow?.(fitting, author) ?? fitting);
    yield;
    return allowed;
  }

  /** The relay's own log, once it is open; undefined when nothing is witnessed. */
  get own(): OwnLog | undefined {
    return this.#own;
  }

  /**
   * Reads the key, and witnesses what an earlier run left; before the writer opens.
   *
   * @throws GraphError KEY_INVALID, STORAGE_LOCKED when another relay runs with the key
   */
  async open(world: RelayLogsWorld): Promise<void> {
    const { options } = this.#parts;
    this.#world = world;
    await this.#tellUnfinished();
    this.#openHider(world.writer);
    this.#openGivenUp(world.writer);
    if (options.prune !== undefined) this.#startPruning(options.prune * HOUR_MS, world.writer);
    if (options.legacy === 'graph') return;
    this.#key = await this.#openKey();
    const signer = nodeSigner(this.#key.pair);
    this.network?.open(signer, world);
    if (options.legacy === 'witness') this.#openWitness(signer, world);
  }

  async #tellUnfinished(): Promise<void> {
    const { options, report, storage } = this.#parts;
    if ((await storage.getText(REBUILD_KEY)) === undefined) return;
    const todo = `stop the relay and run: thicket log rebuild --data ${JSON.stringify(options.data)}`;
    report({ kind: 'rebuild-unfinished', todo });
  }

  /** Reads the key of this relay, which no other one uses at the same time. */
  async #openKey(): Promise<OwnKey> {
    const { options, report, storage, hasFolder } = this.#parts;
    if (this.#parts.key === undefined && (hasFolder || options.logKey !== ''))
      return openKeyFile({ ...options, report });
    return { pair: this.#parts.key ?? (await storedKey(storage)), release: () => Promise.resolve() };
  }

  #openHider(writer: Writer): void {
    const { report } = this.#parts;
    this.#hider = new ForkHider({
      store: this.store,
      marks: this.#forks,
      submit: writer.submit.bind(writer),
      allow: (writes, author) => this.#allowed(writes, author),
      startTimer,
      report,
    });
  }

  #openGivenUp(writer: Writer): void {
    const { storage, report } = this.#parts;
    const givenUp = new GivenUp({ storage, submit: writer.submit.bind(writer), startTimer, report });
    this.store.onGaveUp(() => givenUp.wake());
    this.#givenUp = givenUp;
  }

  /** Goes on with what an earlier run left; once the writer is open. */
  start(): void {
    this.#hider?.wake();
    this.#givenUp?.wake();
  }

  #startPruning(graceMs: number, writer: Writer): void {
    const { store, history } = this;
    const { storage, clock, report } = this.#parts;
    const submit = writer.submit.bind(writer);
    const now = clock;
    const own = (): LogName | undefined => this.#own?.name;
    this.#pruning = new Pruning({ storage, store, history, own, submit, now, graceMs, startTimer, report });
    this.#pruning.start();
  }

  #openWitness(signer: Signer, { writer, graph }: RelayLogsWorld): void {
    const { clock, report } = this.#parts;
    const { store, history } = this;
    const submit = writer.submit.bind(writer);
    const own = { author: toHex(signer.publicKey), log: toHex(logIdOf(this.topic)) };
    const claims = new OwnClaims({ name: own, store, now: () => performance.now(), startTimer, report });
    if (this.#parts.options.peers.length > 0) claims.expect();
    this.#claims = claims;
    this.#own = new OwnLog({ signer, topic: this.topic, submit, clock, claims });
    this.#witness = new Witness({
      marks: this.#marks,
      log: this.#own,
      store,
      submit,
      history,
      readField: (soul, name) => graph.readField(soul, name),
      readNode: (soul) => fieldsOf(graph, soul),
      now: clock,
      startTimer,
      report,
      restores: this.#forks.policy === 'hide',
    });
  }

  /** Resolves when everything that was acknowledged is signed. */
  async witnessed(): Promise<void> {
    await this.#witness?.flush();
  }

  /** The logs for operators, once they are open. */
  access(graph: GraphStore): LogAccess {
    const { store, topic, sync: intake } = this;
    return new StoredLogAccess({ store, intake, topic, past: this.past(graph) });
  }

  /** The graph as it was. */
  past(graph: GraphStore): Past {
    const { store, history } = this;
    const now = this.#parts.clock;
    return new Past({ history, store, readNode: (soul) => fieldsOf(graph, soul), now });
  }

  /** Gives back what was taken when something could not be opened. */
  async abandon(): Promise<void> {
    await this.#key?.release();
  }

  /** Witnesses what waits; before the writer closes. */
  async close(): Promise<void> {
    await this.#pruning?.close();
    await this.#hider?.close();
    await this.#givenUp?.close();
    this.#claims?.close();
    await this.#witness?.close();
    await this.#key?.release();
  }
}

/** Writes whose names are no longer than names in puts may be. */
export function fittingNames(writes: readonly FieldWrite[], nameLength: number): readonly FieldWrite[] {
  const fits = ({ soul, key }: FieldWrite): boolean => soul.length <= nameLength && key.length <= nameLength;
  for (let at = 0; at < writes.length; at += 1) if (!fits(writes[at]!)) return writes.filter(fits);
  return writes;
}

/** All properties of a node, of large ones too. */
async function fieldsOf(graph: GraphStore, soul: string): Promise<(readonly [string, Entry])[]> {
  const node = await graph.readNode(soul);
  if (node !== undefined) return [...node.fields];
  const fields: (readonly [string, Entry])[] = [];
  for await (const { nodes } of graph.parts({ soul, reverse: false })) {
    for (const { entries } of nodes) for (const field of entries) fields.push(field);
  }
  return fields;
}
