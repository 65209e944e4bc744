/**
 * The bounds of a graph in an app and of what it says to its peers, with unit and default; relays have them all, and
 * more, see `limits.ts`. They stand alone so that apps load nothing of the others.
 */
export interface GraphLimits {
  /** Largest frame taken from a peer, in bytes; larger ones close the link with 1009. */
  readonly frameBytes: number;
  /** Messages in one array frame. */
  readonly batchMessages: number;
  /** Souls in one put. */
  readonly messageSouls: number;
  /** Properties of one node in one put. */
  readonly nodeProperties: number;
  /** Characters of a soul or key. */
  readonly nameLength: number;
  /** Characters of a message id. */
  readonly idLength: number;
  /** Characters gathered into one outgoing array frame. */
  readonly packLength: number;
  /** Bytes of hot properties kept in memory. */
  readonly cacheBytes: number;
  /** How far ahead of the clock a state may lie, in milliseconds (D5). */
  readonly futureMs: number;
  /** Future writes waiting in all. */
  readonly futureWrites: number;
  /** Bytes of future writes waiting in all. */
  readonly futureBytes: number;
  /** Public keys kept ready for checking signatures. */
  readonly publicKeys: number;
  /** Bytes of signed values remembered as verified, so that they are not checked again when they come again. */
  readonly verifiedBytes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const MINUTE_MS = 60_000;

/** The defaults; relays take them as well. */
export const DEFAULT_GRAPH_LIMITS: GraphLimits = {
  frameBytes: 8 * MIB,
  batchMessages: 1000,
  messageSouls: 10_000,
  nodeProperties: 10_000,
  nameLength: 16 * KIB,
  idLength: 256,
  packLength: 9000,
  cacheBytes: 64 * MIB,
  futureMs: 10 * MINUTE_MS,
  futureWrites: 50_000,
  futureBytes: 32 * MIB,
  publicKeys: 5000,
  verifiedBytes: 16 * MIB,
};

/** The defaults with some of them replaced. */
export function graphLimitsWith(changes: Partial<GraphLimits> = {}): GraphLimits {
  return { ...DEFAULT_GRAPH_LIMITS, ...changes };
}
