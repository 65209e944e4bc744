/** The bounds that the relay keeps to by itself: defaults, and how its options describe them. */
import type { NumberRow } from './limit-rows.ts';

/** Bounds of the relay on top of those of the library, each a whole number. */
export interface RelayBounds {
  /** Milliseconds a connection may take until its first request, and an upgrade with it, is there. */
  readonly requestMs: number;
  /** Websockets at once. */
  readonly connections: number;
  /** Websockets at once from one address. */
  readonly addressConnections: number;
  /** New websockets a second from one address, and how many at once after a pause. */
  readonly addressArrivals: number;
  readonly addressArrivalsBurst: number;
  /** Connections that have not sent a request yet. */
  readonly halfOpen: number;
  /** Bytes of messages that began and have not ended, of all peers. */
  readonly unfinishedBytes: number;
  /** Addresses whose arrivals and messages are remembered after they left. */
  readonly rememberedAddresses: number;
  /** Messages and bytes a second from one peer, and how many at once after a pause. */
  readonly peerMessages: number;
  readonly peerMessagesBurst: number;
  readonly peerBytes: number;
  readonly peerBytesBurst: number;
  /** The same from all peers of one address. */
  readonly addressMessages: number;
  readonly addressMessagesBurst: number;
  readonly addressBytes: number;
  readonly addressBytesBurst: number;
  /** New authors in a day whose logs may be opened from one address. */
  readonly addressAuthors: number;
  /** Forks in a day of which evidence is kept from one address without their logs. */
  readonly addressForks: number;
  /** Lines of one kind in the log in a minute, those for debugging apart. */
  readonly logLines: number;
  /** Milliseconds after which a peer that had to be slowed down all the time is closed with 1013. */
  readonly tooFastMs: number;
}

const KIB = 1024;
const MIB = KIB ** 2;
const GIB = KIB ** 3;
const MILLION = 1_000_000;
const DAY_MS = 86_400_000;

/** What holds when nobody says otherwise. */
export const DEFAULT_BOUNDS: RelayBounds = {
  requestMs: 8000,
  connections: 10_000,
  addressConnections: 256,
  addressArrivals: 20,
  addressArrivalsBurst: 100,
  halfOpen: 100,
  unfinishedBytes: 32 * MIB,
  rememberedAddresses: 100_000,
  peerMessages: 20_000,
  peerMessagesBurst: 40_000,
  peerBytes: 32 * MIB,
  peerBytesBurst: 64 * MIB,
  addressMessages: 60_000,
  addressMessagesBurst: 120_000,
  addressBytes: 64 * MIB,
  addressBytesBurst: 128 * MIB,
  tooFastMs: 60_000,
  addressAuthors: 1000,
  addressForks: 50,
  logLines: 60,
};

const FILL = 'from one peer in a second; faster ones are read more slowly';
const FILL_ADDRESS = 'from one address in a second';
const BURST = 'of these at once after a pause';

/** The bounds of the relay, likewise. */
export const BOUND_ROWS: Readonly<Record<keyof RelayBounds, NumberRow>> = {
  requestMs: [
    'milliseconds',
    100,
    60_000,
    'time until a connection has sent its first request, or its upgrade',
  ],
  connections: ['websockets', 1, MILLION, 'websockets at once; beyond, upgrades are answered with 503'],
  addressConnections: [
    'websockets',
    1,
    MILLION,
    'websockets at once from one address (IPv6: one /64); beyond, upgrades are answered with 429',
  ],
  addressArrivals: ['websockets', 1, MILLION, 'new websockets from one address in a second, likewise'],
  addressArrivalsBurst: ['websockets', 1, MILLION, BURST],
  halfOpen: ['connections', 1, MILLION, 'connections without a request; beyond, the oldest are cut off'],
  unfinishedBytes: [
    'bytes',
    KIB,
    1024 * GIB,
    'messages that began and have not ended, of all peers; beyond, peers that hold much and long are cut off',
  ],
  rememberedAddresses: ['addresses', 2, 10 * MILLION, 'addresses whose use of these is remembered'],
  peerMessages: ['messages', 1, 100 * MILLION, FILL],
  peerMessagesBurst: ['messages', 1, 100 * MILLION, BURST],
  peerBytes: ['bytes', KIB, 1024 * GIB, FILL],
  peerBytesBurst: ['bytes', KIB, 1024 * GIB, BURST],
  addressMessages: ['messages', 1, 100 * MILLION, FILL_ADDRESS],
  addressMessagesBurst: ['messages', 1, 100 * MILLION, BURST],
  addressBytes: ['bytes', KIB, 1024 * GIB, FILL_ADDRESS],
  addressBytesBurst: ['bytes', KIB, 1024 * GIB, BURST],
  tooFastMs: [
    'milliseconds',
    0,
    DAY_MS,
    'time after which a peer that stays faster than that is closed with 1013',
  ],
  addressAuthors: [
    'authors',
    1,
    MILLION,
    'new authors from one address in a day; fewer once half of --log-authors are there',
  ],
  addressForks: [
    'forks',
    1,
    MILLION,
    'forks of logs that are not held from one address in a day; fewer once 500 are known',
  ],
  logLines: ['lines', 1, MILLION, 'lines of one kind in the log in a minute; beyond, they are only counted'],
};

/** Names of these bounds. */
export const BOUND_NAMES: readonly (keyof RelayBounds)[] = Object.keys(BOUND_ROWS) as (keyof RelayBounds)[];
