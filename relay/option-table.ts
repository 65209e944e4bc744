/**
 * Every option of the relay as data: flag, environment variable, unit, default, range. The parser, `--help`
 * and the README's table come from here.
 */
import { DEFAULT_LIMITS, type Limits } from '../lib/base/limits.ts';
import type { ForkPolicy } from '../lib/log/fork.ts';
import { LIMIT_ROWS, type NumberRow } from './limit-rows.ts';
import { BOUND_NAMES, BOUND_ROWS, DEFAULT_BOUNDS, type RelayBounds } from './relay-bounds.ts';

/** When an acked write survives: `fsync` a power cut, `os` only the end of the process. */
export type Durability = 'fsync' | 'os';

/** What is logged: everything from this level up. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

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
  /** File of the key the relay signs its log with; empty for `log-key` in the data folder, or a record where there is none. */
  readonly logKey: string;
  /** Hours that operations are kept whole; undefined to keep their bodies for ever. */
  readonly prune: number | undefined;
  /** What becomes of logs whose author said two things at one place. */
  readonly forks: ForkPolicy;
  /** Name of the network, which logs of others are told apart by. */
  readonly network: string;
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
  legacy: 'witness',
  logKey: '',
  prune: undefined,
  forks: 'tolerate',
  network: 'gun',
  ...DEFAULT_BOUNDS,
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

/** Ten years. */
const MOST_HOURS = 87_600;
const MAX_PORT = 65_535;

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
  return numberRow(name, LIMIT_ROWS[name], DEFAULT_LIMITS[name], true);
}

function boundRow(name: keyof RelayBounds): OptionRow {
  return numberRow(name, BOUND_ROWS[name], DEFAULT_OPTIONS[name], false);
}

function numberRow(name: string, row: NumberRow, byDefault: number, isLimit: boolean): OptionRow {
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
  plainRow(
    'adminToken',
    'token',
    'token, or @ and a file with it, that one needs for /metrics and /logs',
    SECRET,
  ),
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
  plainRow(
    'prune',
    'hours',
    'time that operations, and newer ones that supersede them, are held before the older go; none for never',
    {
      kind: 'integer',
      min: 0,
      max: MOST_HOURS,
    },
  ),
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
  ...(Object.keys(LIMIT_ROWS) as (keyof Limits)[]).map(limitRow),
];
