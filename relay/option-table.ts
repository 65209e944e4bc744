/**
 * Every option of the relay as data: flag, environment variable, unit, default, range. The parser, `--help`
 * and the README's table come from here.
 */
import { DEFAULT_LIMITS, type Limits } from '../lib/base/limits.ts';

/** When an acked write survives: `fsync` a power cut, `os` only the end of the process. */
export type Durability = 'fsync' | 'os';

/** What is logged: everything from this level up. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Everything an operator can decide; `relay/options.ts` reads it from flags and environment. */
export interface RelayOptions {
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
  readonly limits: Limits;
}

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
  limits: DEFAULT_LIMITS,
};

/** What an option's text may be. */
export type OptionKind =
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'peers' }
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

type PlainName = Exclude<keyof RelayOptions, 'limits'>;
type LimitRow = readonly [unit: string, min: number, max: number, help: string];

const MAX_PORT = 65_535;
const KIB = 1024;
const GIB = KIB ** 3;
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
  inboundRelays: ['peers', 0, 10_000, 'peers that may come in as relays, which are told every change'],
  waitingPuts: ['messages', 1, 10 * MILLION, 'puts waiting for the storage; beyond, puts are refused'],
};

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
  const defaultText = String(DEFAULT_OPTIONS[name]);
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

function limitRow(name: keyof Limits): OptionRow {
  const [unit, min, max, help] = LIMITS[name];
  const values: OptionKind = { kind: 'integer', min, max };
  const defaultText = String(DEFAULT_LIMITS[name]);
  return {
    name,
    isLimit: true,
    flag: `--${toKebab(name)}`,
    env: toEnv(name),
    unit,
    defaultText,
    rangeText: rangeText(values),
    help,
    values,
  };
}

const TEXT: OptionKind = { kind: 'text' };

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
  plainRow('peers', 'URLs', 'relays to stay connected with, comma separated', { kind: 'peers' }, 'PEERS'),
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
  ...(Object.keys(LIMITS) as (keyof Limits)[]).map(limitRow),
];
