/** The relay's counters and gauges as data: name, help, labels, and where each number comes from. */
import type { Mesh } from '../lib/mesh/mesh.ts';
import { REFUSAL_CODES } from '../lib/mesh/counters.ts';
import type { Peer } from '../lib/mesh/peer.ts';
import type { GraphStore } from '../lib/store/graph-store.ts';
import type { Writer } from '../lib/store/writer.ts';
import type { Connections } from './connections.ts';
import type { LogFigures } from './log-figures.ts';
import { peerLabel } from './peer-url.ts';
import type { Throttle } from './throttle.ts';
import type { Traffic } from './traffic.ts';
import type { Unfinished } from './unfinished.ts';
import type { Upgrade } from './upgrade.ts';
import type { WatchedStorage } from './watched-storage.ts';

/** Where the numbers are kept. */
export interface MetricSources {
  readonly mesh: Mesh;
  readonly graph: GraphStore;
  readonly writer: Writer;
  readonly storage: WatchedStorage;
  readonly connections: Connections;
  readonly upgrade: Upgrade;
  readonly throttle: Throttle;
  readonly traffic: Traffic;
  readonly unfinished: Unfinished;
  readonly logs: Pick<LogFigures, 'counts' | 'backlog' | 'census' | 'ownHeight' | 'ownLag'>;
  /** URLs of the relays to stay connected with. */
  readonly peers: readonly string[];
  /** Bytes of the store on disk, undefined when it is elsewhere. */
  readonly storeBytes: () => Promise<number | undefined>;
}

/** A number and its labels. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** One counter or gauge. Labels have values out of closed sets only, never what a stranger says. */
export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (sources: MetricSources) => Sample[] | Promise<Sample[]>;
}

type ReadOne = (sources: MetricSources) => number;

const KINDS = ['put', 'get', 'ack', 'control', 'frame'] as const;
const VERDICTS = ['accepted', 'duplicate', 'refused'] as const;

function one(type: MetricRow['type'], name: string, help: string, read: ReadOne): MetricRow {
  return { name, type, help, labels: [], read: (sources) => [[{}, read(sources)]] };
}

function byLabel(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([name, value]): Sample => [{ [label]: name }, value]);
}

function messages({ mesh }: MetricSources): Sample[] {
  return KINDS.flatMap((kind) =>
    VERDICTS.filter((verdict) => kind !== 'frame' || verdict === 'refused').map((verdict): Sample => [
      { kind, verdict },
      mesh.counters[kind][verdict],
    ]),
  );
}

function queued({ link, outbox }: Peer): number {
  return link.queuedBytes + outbox.length;
}

function peersByRole({ mesh }: MetricSources): Sample[] {
  const counts = { client: 0, relay: 0 };
  for (const { role } of mesh.peers) counts[role] += 1;
  return byLabel('role', counts);
}

function relaysUp({ mesh, peers }: MetricSources): Sample[] {
  const up = new Set([...mesh.peers].filter(({ dialled }) => dialled).map(({ link }) => link.name));
  return peers.map((url): Sample => [{ relay: peerLabel(url) }, up.has(peerLabel(url)) ? 1 : 0]);
}

async function storeBytes({ storeBytes: read }: MetricSources): Promise<Sample[]> {
  const bytes = await read();
  return bytes === undefined ? [] : [[{}, bytes]];
}

async function ownHeight({ logs }: MetricSources): Promise<Sample[]> {
  const height = await logs.ownHeight();
  return height === undefined ? [] : [[{}, height]];
}

/** Counters and gauges of logs. */
const LOG_ROWS: readonly MetricRow[] = [
  {
    name: 'thicket_log_operations_total',
    type: 'counter',
    help: 'Operations by what their logs said to them: new, new in a fork, held before, or refused.',
    labels: ['verdict'],
    read: ({ logs }) => byLabel('verdict', logs.counts),
  },
  {
    name: 'thicket_log_authors',
    type: 'gauge',
    help: 'Authors whose logs are held.',
    labels: [],
    read: async ({ logs }) => [[{}, (await logs.census()).authors]],
  },
  {
    name: 'thicket_log_forks',
    type: 'gauge',
    help: 'Logs whose author said two things at one place.',
    labels: [],
    read: async ({ logs }) => [[{}, (await logs.census()).forked]],
  },
  one('gauge', 'thicket_witness_backlog', 'Commits whose writes wait for a witness.', (s) => s.logs.backlog),
  {
    name: 'thicket_log_own_height',
    type: 'gauge',
    help: 'Operations that this relay has signed.',
    labels: [],
    read: ownHeight,
  },
  one(
    'gauge',
    'thicket_log_own_lag',
    'Operations that this relay has signed, as another node shows, and has not got.',
    (s) => s.logs.ownLag,
  ),
];

/** Every counter and gauge of the relay itself. */
export const METRIC_TABLE: readonly MetricRow[] = [
  one('gauge', 'thicket_websockets', 'Websockets that came in and are open.', (s) => s.upgrade.linkCount),
  one('counter', 'thicket_websockets_total', 'Websockets that came in.', (s) => s.upgrade.acceptedCount),
  {
    name: 'thicket_upgrades_refused_total',
    type: 'counter',
    help: 'Upgrades to a websocket that were refused.',
    labels: ['reason'],
    read: ({ upgrade }) => byLabel('reason', upgrade.refused),
  },
  one('gauge', 'thicket_connections', 'Connections, websockets and others.', (s) => s.connections.size),
  one(
    'gauge',
    'thicket_connections_half_open',
    'Connections without a request.',
    (s) => s.connections.halfOpenCount,
  ),
  one(
    'counter',
    'thicket_connections_cut_total',
    'Connections cut off unheard.',
    (s) => s.connections.cutCount,
  ),
  one(
    'gauge',
    'thicket_unfinished_bytes',
    'Messages that began and have not ended, with what they cost.',
    (s) => s.unfinished.bytes,
  ),
  {
    name: 'thicket_peers',
    type: 'gauge',
    help: 'Peers by what they are.',
    labels: ['role'],
    read: peersByRole,
  },
  {
    name: 'thicket_relay_up',
    type: 'gauge',
    help: 'Whether a configured relay is connected.',
    labels: ['relay'],
    read: relaysUp,
  },
  {
    name: 'thicket_messages_total',
    type: 'counter',
    help: 'Messages by kind and by what became of them; frames that could not be read are of kind frame.',
    labels: ['kind', 'verdict'],
    read: messages,
  },
  {
    name: 'thicket_refused_total',
    type: 'counter',
    help: 'Refused messages and frames by reason.',
    labels: ['reason'],
    read: ({ mesh }) => REFUSAL_CODES.map((code): Sample => [{ reason: code }, mesh.counters.refusals[code]]),
  },
  {
    name: 'thicket_peers_too_fast_total',
    type: 'counter',
    help: 'Peers that sent more than they may: slowed down, and closed in the end.',
    labels: ['step'],
    read: ({ throttle }) =>
      byLabel('step', { slowed: throttle.counts.slowed, closed: throttle.counts['too-fast'] }),
  },
  one('counter', 'thicket_received_bytes_total', 'Bytes that came by websocket.', (s) => s.traffic.bytesRead),
  one('counter', 'thicket_sent_bytes_total', 'Bytes that went by websocket.', (s) => s.traffic.bytesWritten),
  one('gauge', 'thicket_output_queue_bytes', 'Output waiting for peers to read it.', ({ mesh }) =>
    [...mesh.peers].reduce((sum, peer) => sum + queued(peer), 0),
  ),
  one('gauge', 'thicket_output_queue_bytes_max', 'The same of the peer with the most.', ({ mesh }) =>
    [...mesh.peers].reduce((most, peer) => Math.max(most, queued(peer)), 0),
  ),
  one('gauge', 'thicket_subscriptions', 'Souls and properties that peers subscribe to.', ({ mesh }) =>
    [...mesh.peers].reduce((sum, { subscriptions }) => sum + subscriptions.count, 0),
  ),
  one('gauge', 'thicket_deferred_writes', 'Writes from the future that wait.', (s) => s.writer.deferredCount),
  one('counter', 'thicket_cache_hits_total', 'Reads that memory answered.', (s) => s.graph.hits),
  one('counter', 'thicket_cache_misses_total', 'Reads that went to the storage.', (s) => s.graph.misses),
  one('counter', 'thicket_commit_failures_total', 'Commits that failed.', (s) => s.storage.failures),
  {
    name: 'thicket_store_bytes',
    type: 'gauge',
    help: 'Size of the data folder, at most ten seconds old.',
    labels: [],
    read: storeBytes,
  },
  ...LOG_ROWS,
];
