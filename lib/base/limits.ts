import { DEFAULT_GRAPH_LIMITS, type GraphLimits } from './graph-limits.ts';

/**
 * Every bound of Thicket, with unit and default. The relay makes an option of each one that an operator may
 * want to move; the README's option table is compared with it by a spec.
 */
export interface Limits extends GraphLimits {
  /** Frames of one peer that wait for their turn; beyond, its link is read no further until they are done. */
  readonly inputFrames: number;
  /** Characters of these frames; beyond, where a link cannot be stopped, it is closed with 1013. */
  readonly inputLength: number;
  /** Bytes waiting for a peer that does not read; beyond, the link is closed with 1013. */
  readonly outputBytes: number;
  /** Souls or properties one peer may subscribe to; further reads are answered, not subscribed. */
  readonly subscriptionsPerPeer: number;
  /** Subscriptions of all peers together, of which properties count twice. */
  readonly subscriptions: number;
  /** Message ids remembered at once. */
  readonly dedupeIds: number;
  /** Milliseconds a message id is remembered after its last touch, at least. */
  readonly dedupeLifeMs: number;
  /** Future writes waiting from one peer. */
  readonly futureWritesPerPeer: number;
  /** Bytes of values one LEX read returns without `%`. */
  readonly lexDefaultBytes: number;
  /** Bytes of values one LEX read may ask for by `%`. */
  readonly lexMaxBytes: number;
  /** Characters of one part of a reply; larger nodes come in several parts. */
  readonly replyPartLength: number;
  /** Milliseconds to wait for peered relays before a read is answered "not found". */
  readonly askMs: number;
  /** Forwarded reads waiting for an answer. */
  readonly openAsks: number;
  /** Peers whose written souls are remembered for their return. */
  readonly rememberedPeers: number;
  /** Souls remembered per such peer. */
  readonly rememberedSouls: number;
  /** Peers that may come in as relays, which are told every change; others stay clients. Also lines to logs. */
  readonly inboundRelays: number;
  /**
   * Puts of one peer that wait for the storage, each counted once more for every 16 KiB of values in it; beyond, what
   * it says waits until half of them are done.
   */
  readonly unsettledPuts: number;
  /** Messages waiting for the storage; beyond, puts are refused. From half on a peer with some of them is not heard. */
  readonly waitingPuts: number;
  /** Characters of these and 160 for each property: each has an equal part, a longer put counts for several. */
  readonly waitingLength: number;
  /** Sessions that one connection between nodes may open to synchronise logs; beyond, it is closed with 1013. */
  readonly logSessions: number;
  /** Authors whose logs are kept; beyond, only known ones and those of nodes that are dialled are taken. */
  readonly logAuthors: number;
  /** Logs in the state vector of one session; beyond, the session ends. */
  readonly sessionLogs: number;
  /** Characters of unsigned writes kept in memory until they are witnessed; what is beyond is read again. */
  readonly witnessLength: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** The defaults; reliability and protocol reasons stand beside each number in the README's option table. */
export const DEFAULT_LIMITS: Limits = {
  ...DEFAULT_GRAPH_LIMITS,
  inputFrames: 200,
  inputLength: 32 * MIB,
  outputBytes: 16 * MIB,
  subscriptionsPerPeer: 10_000,
  subscriptions: 1_000_000,
  dedupeIds: 2_000_000,
  dedupeLifeMs: 10_000,
  futureWritesPerPeer: 5000,
  lexDefaultBytes: 64 * KIB,
  lexMaxBytes: 2 * MIB,
  replyPartLength: 256 * KIB,
  askMs: 2000,
  openAsks: 10_000,
  rememberedPeers: 1000,
  rememberedSouls: 200,
  inboundRelays: 64,
  unsettledPuts: 1000,
  waitingPuts: 50_000,
  waitingLength: 64 * MIB,
  logSessions: 64,
  logAuthors: 100_000,
  sessionLogs: 100_000,
  witnessLength: 4 * MIB,
};

/** The defaults with some of them replaced. */
export function limitsWith(changes: Partial<Limits> = {}): Limits {
  return { ...DEFAULT_LIMITS, ...changes };
}
