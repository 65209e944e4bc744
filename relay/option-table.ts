/**
 * Every option of the relay as data: flag, environment variable, unit, default, range. The parser, `--help`
 * and the README's table come from here.
 */
import { DEFAULT_LIMITS, type Limits } from '../lib/base/limits.ts';
import type { ForkPolicy } from '../lib/log/fork.ts';

/** When an acked write survives: `fsync` a power cut, `os` only the end of the process. */
export type Durability = 'fsync' | 'os';

/** What is logged: everything from this level up. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

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
  /** Lines of one kind in the log in a minute, those for debugging apart. */
  readonly logLines: number;
  /** Milliseconds after which a peer that had to be slowed down all the time is closed with 1013. */
  readonly tooFastMs: number;
}

/** Everything an operator can decide; `relay/options.ts` reads it from flags and environment. */
export interface RelayOptions extends RelayBounds {
  /** TCP port, 0 to 65535; 0 takes a free one. */
  readonly port: number;
  /** Address to listen on; empty for all interfaces. */
  readonly host: string;
  /** URLs of relays to dial and keep dialling. */
  readonly peers: readonly string[];
  /** Folder of the LevelDB store; created when missing. */
  readonly data: string;
  readonly durability: Durability;
  /** PEM file of the private key for TLS; empty for plain HTTP. */
  readonly httpsKey: string;
  /** PEM file of the certificate for TLS; empty for plain HTTP. */
  readonly httpsCert: string;
  readonly logLevel: LogLevel;
  /** Addresses and networks of proxies whose header `X-Forwarded-For` is believed. */
  readonly trustProxy: readonly string[];
  /** Addresses and networks that the limits per address and per peer do not count for. */
  readonly exempt: readonly string[];
  /** Origins of web pages that may connect; `*` for all. */
  readonly origins: readonly string[];
  /** Whether who sends no origin may connect, as programs that are no browsers do. */
  readonly missingOrigin: 'allow' | 'refuse';
  /** Whether writes into the spaces of users are checked by the rules of SEA. */
  readonly sea: 'on' | 'off';
  /** Secret without which nobody may connect; empty for none. */
  readonly readToken: string;
  /** Secret without which nobody may write; empty for none. */
  readonly writeToken: string;
  /** Secret that operators give to see metrics; empty for none. */
  readonly adminToken: string;
  /** TCP port on 127.0.0.1 for operators alone, 0 to 65535; 0 takes a free one, undefined is none. */
  readonly adminPort: number | undefined;
  /** True to serve the example pages. */
  readonly examples: boolean;
  /** What becomes of writes that nobody signed: signed by the relay as seen, stored as they are, or refused. */
  readonly legacy: 'witness' | 'graph' | 'reject';
  /** File of the key the relay signs its log with; empty for `log-key` in the data folder. */
  readonly logKey: string;
  /** Hours that operations are kept whole; undefined to keep their bodies for ever. */
  readonly prune: number | undefined;
  /** What becomes of logs whose author said two things at one place. */
  readonly forks: ForkPolicy;
  /** Name of the network, which logs of others are told apart by. */
  readonly network: string;
  readonly limits: Limits;
}

const KIB = 1024;
const MIB = KIB ** 2;
const GIB = KIB ** 3;

/** What the relay takes when nobody says otherwise. */
export const DEFAULT_OPTIONS: RelayOptions = {
  port: 8765,
  host: '',
  peers: [],
  data: './data',
  durability: 'fsync',
  httpsKey: '',
  httpsCert: '',
  logLevel: 'info',
  trustProxy: [],
  exempt: ['127.0.0.0/8', '::1'],
  origins: ['*'],
  missingOrigin: 'allow',
  sea: 'on',
  readToken: '',
  writeToken: '',
  adminToken: '',
  adminPort: undefined,
  examples: false,
  legacy: 'graph',
  logKey: '',
  prune: undefined,
  forks: 'tolerate',
  network: 'gun',
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
  logLines: 60,
  limits: DEFAULT_LIMITS,
};

/** What an option's text may be. */
export type OptionKind =
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** Several, comma separated. */
  | { readonly kind: 'list'; readonly of: 'peers' | 'addresses' | 'origins' }
  /** A token, or `@` and the file it is in. */
  | { readonly kind: 'secret' }
  /** On as a flag alone; `on` or `off` in the environment. */
  | { readonly kind: 'switch' }
  | { readonly kind: 'text' };

/** One option. */
export interface OptionRow {
  /** Its name in {@link RelayOptions}, or in its `limits`. */
  readonly name: string;
  readonly isLimit: boolean;
  /** As written on the command line, with two hyphens. */
  readonly flag: string;
  readonly env: string;
  readonly unit: string;
  readonly defaultText: string;
  readonly rangeText: string;
  /** One line for people. */
  readonly help: string;
  readonly values: OptionKind;
}

type PlainName = Exclude<keyof RelayOptions, 'limits' | keyof RelayBounds>;
type LimitRow = readonly [unit: string, min: number, max: number, help: string];

/** Ten years. */
const MOST_HOURS = 87_600;
const MAX_PORT = 65_535;
const MILLION = 1_000_000;
const DAY_MS = 86_400_000;

/** The limits with unit, least and greatest value; the record's type keeps it complete. */
const LIMITS: Readonly<Record<keyof Limits, LimitRow>> = {
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
    'characters of these; a put that is longer than its part counts for several',
  ],
  publicKeys: ['keys', 1, MILLION, 'public keys kept ready for checking signatures'],
  verifiedBytes: ['bytes', 0, 1024 * GIB, 'signed values remembered as verified, not checked again'],
  logSessions: [
    'sessions',
    1,
    10_000,
    'sessions that one connection may open to synchronise logs; beyond, it is closed with 1013',
  ],
  sessionLogs: ['logs', 1, 10 * MILLION, 'logs in the state vector of one session; beyond, the session ends'],
  witnessLength: [
    'characters',
    0,
    1024 * GIB,
    'writes kept in memory until they are signed; what is beyond is read again',
  ],
};

const FILL = 'from one peer in a second; faster ones are read more slowly';
const FILL_ADDRESS = 'from one address in a second';
const BURST = 'of these at once after a pause';

/** The bounds of the relay, likewise. */
const BOUNDS: Readonly<Record<keyof RelayBounds, LimitRow>> = {
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
  logLines: ['lines', 1, MILLION, 'lines of one kind in the log in a minute; beyond, they are only counted'],
};

/** Names of the relay's own bounds. */
export const BOUND_NAMES: readonly (keyof RelayBounds)[] = Object.keys(BOUNDS) as (keyof RelayBounds)[];

/** `frameBytes` as `frame-bytes`. */
function toKebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `frameBytes` as `THICKET_FRAME_BYTES`. */
function toEnv(name: string): string {
  return `THICKET_${toKebab(name).replaceAll('-', '_').toUpperCase()}`;
}

function rangeText(values: OptionKind): string {
  if (values.kind === 'integer') return `${values.min} to ${values.max}`;
  return values.kind === 'choice' ? values.choices.join(', ') : '';
}

function plainRow(
  name: PlainName,
  unit: string,
  help: string,
  values: OptionKind,
  env = toEnv(name),
): OptionRow {
  const byDefault = DEFAULT_OPTIONS[name];
  const defaultText = values.kind === 'switch' ? switchText(byDefault) : String(byDefault ?? '');
  return {
    name,
    isLimit: false,
    flag: `--${toKebab(name)}`,
    env,
    unit,
    defaultText,
    rangeText: rangeText(values),
    help,
    values,
  };
}

function switchText(isOn: unknown): string {
  return isOn === true ? 'on' : 'off';
}

function limitRow(name: keyof Limits): OptionRow {
  return numberRow(name, LIMITS[name], DEFAULT_LIMITS[name], true);
}

function boundRow(name: keyof RelayBounds): OptionRow {
  return numberRow(name, BOUNDS[name], DEFAULT_OPTIONS[name], false);
}

function numberRow(name: string, row: LimitRow, byDefault: number, isLimit: boolean): OptionRow {
  const [unit, min, max, help] = row;
  const values: OptionKind = { kind: 'integer', min, max };
  return {
    name,
    isLimit,
    flag: `--${toKebab(name)}`,
    env: toEnv(name),
    unit,
    defaultText: String(byDefault),
    rangeText: rangeText(values),
    help,
    values,
  };
}

const TEXT: OptionKind = { kind: 'text' };
const SECRET: OptionKind = { kind: 'secret' };

/** Every option, in the order of `--help`. */
export const OPTION_TABLE: readonly OptionRow[] = [
  plainRow(
    'port',
    'port',
    'where to listen; 0 takes a free port',
    { kind: 'integer', min: 0, max: MAX_PORT },
    'PORT',
  ),
  plainRow('host', 'address', 'address to listen on; none for all interfaces', TEXT),
  plainRow(
    'peers',
    'URLs',
    'relays to stay connected with, comma separated',
    { kind: 'list', of: 'peers' },
    'PEERS',
  ),
  plainRow('data', 'folder', 'where the graph is kept', TEXT),
  plainRow('durability', 'word', 'what an acked write survives: fsync a power cut, os a killed process', {
    kind: 'choice',
    choices: ['fsync', 'os'],
  }),
  plainRow('httpsKey', 'file', 'private key (PEM) to serve https and wss', TEXT, 'HTTPS_KEY'),
  plainRow('httpsCert', 'file', 'certificate (PEM) to serve https and wss', TEXT, 'HTTPS_CERT'),
  plainRow('logLevel', 'word', 'least level of the JSON lines on stderr', {
    kind: 'choice',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
  }),
  plainRow('trustProxy', 'addresses', 'proxies whose X-Forwarded-For is believed, as addresses or networks', {
    kind: 'list',
    of: 'addresses',
  }),
  plainRow('exempt', 'addresses', 'who has no limits per address and no allowance per peer, likewise', {
    kind: 'list',
    of: 'addresses',
  }),
  plainRow('origins', 'origins', 'web pages that may connect, such as https://app.example; * for all', {
    kind: 'list',
    of: 'origins',
  }),
  plainRow(
    'missingOrigin',
    'word',
    'what becomes of those who send no Origin, as other programs than browsers',
    {
      kind: 'choice',
      choices: ['allow', 'refuse'],
    },
  ),
  plainRow('sea', 'word', 'whether signatures, certificates and hashes of protected souls are checked', {
    kind: 'choice',
    choices: ['on', 'off'],
  }),
  plainRow('readToken', 'token', 'token, or @ and a file with it, that one needs to connect', SECRET),
  plainRow('writeToken', 'token', 'token, or @ and a file with it, that one needs to write', SECRET),
  plainRow('adminToken', 'token', 'token, or @ and a file with it, that one needs for /metrics', SECRET),
  plainRow('adminPort', 'port', 'port on 127.0.0.1 for /metrics alone, which then is nowhere else', {
    kind: 'integer',
    min: 0,
    max: MAX_PORT,
  }),
  plainRow('examples', 'switch', 'serve the example pages on /examples', { kind: 'switch' }),
  plainRow(
    'legacy',
    'word',
    'writes without a signature: signed by the relay as seen, stored as they are, or refused',
    {
      kind: 'choice',
      choices: ['witness', 'graph', 'reject'],
    },
  ),
  plainRow(
    'logKey',
    'file',
    'key of the relay for its log, made when missing; none for log-key in the data folder',
    TEXT,
  ),
  plainRow('prune', 'hours', 'time after which what newer operations supersede is dropped; none for never', {
    kind: 'integer',
    min: 0,
    max: MOST_HOURS,
  }),
  plainRow(
    'forks',
    'word',
    'forked logs, whose author said two things at one place: they go on, stop, or count for nothing',
    {
      kind: 'choice',
      choices: ['tolerate', 'freeze', 'hide'],
    },
  ),
  plainRow('network', 'name', 'network whose logs are kept', TEXT),
  ...BOUND_NAMES.map(boundRow),
  ...(Object.keys(LIMITS) as (keyof Limits)[]).map(limitRow),
];
