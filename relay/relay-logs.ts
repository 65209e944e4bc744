/** The logs of a relay: what the writer keeps of them, the relay's own key and log, and the witness. */
import { join } from 'node:path';
import { toHex } from '../lib/base/bytes.ts';
import type { Clock } from '../lib/base/clock.ts';
import type { Entry } from '../lib/graph/write.ts';
import { graphTopic, logIdOf } from '../lib/log/hash.ts';
import type { KeyPair } from '../lib/log/key-pair.ts';
import type { StartTimer } from '../lib/store/deferred-writes.ts';
import type { GraphStore } from '../lib/store/graph-store.ts';
import { InBand } from '../lib/mesh/in-band.ts';
import { History } from '../lib/store/history.ts';
import { LogGroup } from '../lib/store/log-group.ts';
import { LoggedCommits } from '../lib/store/logged-commits.ts';
import { LogStore } from '../lib/store/log-store.ts';
import { Past } from '../lib/store/past.ts';
import { OwnLog } from '../lib/store/own-log.ts';
import type { Storage } from '../lib/store/storage.ts';
import { WitnessMarks } from '../lib/store/witness-marks.ts';
import { Witness, type WitnessEvent } from '../lib/store/witness.ts';
import type { PutRequest, Writer, WriterLogs } from '../lib/store/writer.ts';
import { StoredLogs } from '../lib/sync/stored-logs.ts';
import { loadKeyFile } from './key-file.ts';
import type { LogAccess } from './log-access.ts';
import { nodeSigner, nodeVerifier } from './node-ed25519.ts';
import type { RelayOptions } from './option-table.ts';
import { StoredLogAccess } from './stored-log-access.ts';

/** Name of the key file in the data folder, unless an option says otherwise. */
const KEY_FILE = 'log-key';

/** What a relay's logs need. */
export interface RelayLogsParts {
  readonly options: Pick<RelayOptions, 'data' | 'legacy' | 'logKey' | 'network'>;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly report: (event: WitnessEvent) => void;
  /** The key of a relay that has no folder. */
  readonly key?: KeyPair | undefined;
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
  readonly forWriter: WriterLogs;
  readonly store: LogStore;
  readonly history: History;
  /** What the mesh is given. */
  readonly inBand: InBand;
  /** The topic of the graph. */
  readonly topic: Uint8Array;
  readonly #marks: WitnessMarks;
  #witness: Witness | undefined;
  #own: OwnLog | undefined;

  constructor(parts: RelayLogsParts) {
    const { options, storage } = parts;
    this.#parts = parts;
    this.topic = graphTopic(options.network);
    this.store = new LogStore(storage);
    this.history = new History(storage, this.store);
    this.#marks = new WitnessMarks(storage);
    this.inBand = new InBand({ history: this.history, verify: nodeVerifier(), now: parts.clock });
    const [topic, log] = [toHex(this.topic), toHex(logIdOf(this.topic))];
    this.forWriter = new LoggedCommits({
      group: () => new LogGroup(this.store, 'tolerate', (id) => (id === log ? topic : undefined)),
      marks: options.legacy === 'witness' ? this.#marks : undefined,
      refusesUnsigned: options.legacy === 'reject',
    });
  }

  /** The relay's own log, once it is open; undefined when nothing is witnessed. */
  get own(): OwnLog | undefined {
    return this.#own;
  }

  /**
   * Reads the key, and witnesses what an earlier run left; before the writer opens.
   *
   * @throws GraphError KEY_INVALID
   */
  async open(writer: Writer, graph: GraphStore): Promise<void> {
    const { options, clock, report } = this.#parts;
    if (options.legacy !== 'witness') return;
    const key =
      this.#parts.key ??
      (await loadKeyFile(options.logKey === '' ? join(options.data, KEY_FILE) : options.logKey));
    const { store } = this;
    const submit = writer.submit.bind(writer);
    this.#own = new OwnLog({ signer: nodeSigner(key), topic: this.topic, store, submit, clock });
    this.#witness = new Witness({
      marks: this.#marks,
      log: this.#own,
      store,
      readField: (soul, name) => graph.readField(soul, name),
      now: clock,
      startTimer,
      report,
    });
  }

  /** The logs for operators, who add to them by `submit`. */
  access(graph: GraphStore, submit: (request: PutRequest) => void): LogAccess {
    const { store, topic } = this;
    const intake = new StoredLogs({ store, submit, verify: nodeVerifier() });
    return new StoredLogAccess({ store, intake, topic, past: this.past(graph) });
  }

  /** The graph as it was. */
  past(graph: GraphStore): Past {
    const { store, history } = this;
    const now = this.#parts.clock;
    return new Past({ history, store, readNode: (soul) => fieldsOf(graph, soul), now });
  }

  /** Witnesses what waits; before the writer closes. */
  async close(): Promise<void> {
    await this.#witness?.close();
  }
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
