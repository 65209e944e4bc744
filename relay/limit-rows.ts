/** The limits of the library as the relay's options describe them. */
import type { Limits } from '../lib/base/limits.ts';

/** What an option takes that is a whole number. */
export type NumberRow = readonly [unit: string, min: number, max: number, help: string];

const KIB = 1024;
const GIB = KIB ** 3;
const MILLION = 1_000_000;
const DAY_MS = 86_400_000;

/** The limits with unit, least and greatest value; the record's type keeps it complete. */
export const LIMIT_ROWS: Readonly<Record<keyof Limits, NumberRow>> = {
  frameBytes: [
    'bytes',
    KIB,
    100 * KIB * KIB,
    'largest frame taken from a peer; larger ones close it with 1009',
  ],
  inputFrames: ['frames', 1, MILLION, 'frames of a peer that wait for their turn; beyond, it is not read'],
  inputLength: [
    'characters',
    KIB,
    GIB,
    'characters of these; beyond, a peer that cannot be stopped is closed with 1013',
  ],
  batchMessages: ['messages', 1, MILLION, 'messages in one array frame'],
  messageSouls: ['souls', 1, MILLION, 'souls in one put'],
  nodeProperties: ['properties', 1, MILLION, 'properties of one node in one put'],
  nameLength: ['characters', 1, KIB * KIB, 'length of a soul or key'],
  idLength: ['characters', 9, 64 * KIB, 'length of a message id'],
  outputBytes: [
    'bytes',
    KIB,
    GIB,
    'output waiting for a peer that does not read; beyond, it is closed with 1013',
  ],
  subscriptionsPerPeer: ['reads', 0, 10 * MILLION, 'souls or properties one peer may subscribe to'],
  subscriptions: ['reads', 0, 100 * MILLION, 'subscriptions of all peers; properties count twice'],
  dedupeIds: ['ids', 1000, 100 * MILLION, 'message ids remembered at once'],
  dedupeLifeMs: ['milliseconds', 9000, DAY_MS, 'least time a message id is remembered after its last touch'],
  cacheBytes: ['bytes', 0, 1024 * GIB, 'hot properties kept in memory'],
  futureMs: ['milliseconds', 0, 366 * DAY_MS, 'how far ahead of the clock a state may lie'],
  futureWrites: ['writes', 0, 100 * MILLION, 'future writes waiting in all'],
  futureBytes: ['bytes', 0, 1024 * GIB, 'bytes of future writes waiting in all'],
  futureWritesPerPeer: ['writes', 0, 100 * MILLION, 'future writes waiting from one peer'],
  lexDefaultBytes: ['bytes', 1, GIB, 'values one LEX read returns without %'],
  lexMaxBytes: ['bytes', 1, GIB, 'values one LEX read may ask for by %'],
  replyPartLength: ['characters', KIB, 100 * KIB * KIB, 'one part of a reply; larger nodes come in several'],
  packLength: ['characters', 1, 100 * KIB * KIB, 'messages gathered into one outgoing array frame'],
  askMs: ['milliseconds', 1, DAY_MS, 'wait for peered relays before a read is answered "not found"'],
  openAsks: ['reads', 0, 10 * MILLION, 'forwarded reads waiting for an answer'],
  rememberedPeers: ['peers', 0, MILLION, 'peers whose written souls are remembered for their return'],
  rememberedSouls: ['souls', 0, MILLION, 'souls remembered per such peer'],
  inboundRelays: [
    'peers',
    0,
    10_000,
    'peers that may come in as relays, and lines to logs; relays are told every change',
  ],
  unsettledPuts: [
    'messages',
    1,
    MILLION,
    'puts of one peer waiting for the storage, one for each 16 KiB; beyond, it is not read',
  ],
  waitingPuts: [
    'messages',
    1,
    10 * MILLION,
    'puts waiting for the storage; beyond, puts are refused, from half on who has some is not read',
  ],
  waitingLength: [
    'characters',
    KIB,
    1024 * GIB,
    'characters of these, and 160 for each property; a put that is longer than its part counts for several',
  ],
  publicKeys: ['keys', 1, MILLION, 'public keys kept ready for checking signatures'],
  verifiedBytes: ['bytes', 0, 1024 * GIB, 'signed values remembered as verified, not checked again'],
  logSessions: [
    'sessions',
    1,
    10_000,
    'sessions that one connection may open to synchronise logs; beyond, it is closed with 1013',
  ],
  logAuthors: [
    'authors',
    1,
    10 * MILLION,
    'authors whose logs are kept; beyond, new ones only come from relays that are dialled',
  ],
  sessionLogs: ['logs', 1, 10 * MILLION, 'logs in the state vector of one session; beyond, the session ends'],
  witnessLength: [
    'characters',
    0,
    1024 * GIB,
    'writes kept in memory until they are signed; what is beyond is read again',
  ],
};
