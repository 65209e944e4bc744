/** The arguments of `thicket log` as data, and as commander knows them. */
import type { Command, Option } from 'commander';
import { GraphError } from '../lib/base/errors.ts';
import type { Moment } from '../lib/store/past.ts';
import { parseMoment } from './moment.ts';

/** Where the logs are: in a folder, or beneath a running relay. */
export type LogPlaceWanted =
  | { readonly kind: 'folder'; readonly data: string; readonly network: string }
  | { readonly kind: 'relay'; readonly relay: string; readonly token: string };

/** What is to be done with them. */
export type LogAction = ReadAction | BlameAction | ExportAction | ImportAction | RebuildAction;

/** Printing what is held, of one author alone if that is given. */
export interface ReadAction {
  readonly kind: 'heads' | 'show' | 'verify';
  readonly author: string | undefined;
  readonly json: boolean;
}

/** Printing a node: who wrote each property, or the node as JSON; now, or as it was. */
export interface BlameAction {
  readonly kind: 'blame' | 'node';
  readonly soul: string;
  readonly key: string | undefined;
  readonly at: Moment | undefined;
  readonly json: boolean;
}

/** Writing operations to a file, or to standard output. */
export interface ExportAction {
  readonly kind: 'export';
  readonly author: string | undefined;
  readonly file: string | undefined;
}

/** Taking operations in from a file, or from standard input. */
export interface ImportAction {
  readonly kind: 'import';
  readonly file: string | undefined;
  readonly json: boolean;
}

/** Making the graph of a folder what its logs say. */
export interface RebuildAction {
  readonly kind: 'rebuild';
  /** True to tell what that would change, and change nothing. */
  readonly isCheck: boolean;
  /** True to take out what no log says. */
  readonly purges: boolean;
  /** What may be in the graph, as the relay's options say it. */
  readonly sea: 'on' | 'off';
  readonly nameLength: number;
  readonly json: boolean;
}

/** What a command line asks for. */
export interface LogRequest {
  readonly place: LogPlaceWanted;
  readonly action: LogAction;
}

/** The relay's own options that these commands take as well. */
export interface SharedOptions {
  optionOf(name: SharedName): Option;
  /** The value of one from flags, environment or default. */
  valueOf(name: SharedName, flags: Readonly<Record<string, string | undefined>>): string;
}

const SHARED = ['data', 'network', 'adminToken'] as const;
/** What a rebuild takes in their place: it needs a folder, and knows what the relay takes. */
const SHARED_BY_REBUILD = ['data', 'sea', 'nameLength'] as const;
type SharedName = (typeof SHARED)[number] | (typeof SHARED_BY_REBUILD)[number];

/** Flags as typed. */
type Flags = Readonly<Record<string, string | undefined>>;
/** Arguments as typed. */
type Arguments = readonly (string | undefined)[];

const AUTHOR = /^[\da-f]{64}$/;

/** Flags that only these commands have. */
export const LOG_FLAGS: readonly string[] = ['--relay', '--json', '--author', '--at', '--check', '--purge'];

/** Adds a command of `log`; gives it, for what else it takes. */
type AddCommand = (
  name: string,
  help: string,
  actionOf: (flags: Flags, args: Arguments) => LogAction,
) => Command;

/** Adds `log` with its commands. */
export function addLogCommands(
  command: Command,
  shared: SharedOptions,
  ask: (request: LogRequest) => void,
): void {
  const log = command
    .command('log')
    .description(
      'look at the signed logs of a data folder or of a running relay, carry them elsewhere, rebuild the graph',
    )
    .helpOption('--help', 'print this text')
    .helpCommand(false)
    .allowExcessArguments()
    .action(() => {
      throw new GraphError(
        'OPTION_INVALID',
        'log: say which of heads, show, verify, blame, export, import, rebuild',
      );
    });
  const add: AddCommand = (name, help, actionOf) => {
    const sub = subcommand(log, name, help, SHARED, shared);
    sub.option('--relay <url>', 'a running relay, or its port for operators, instead of a folder');
    return sub.action(() => {
      const flags = sub.opts<Flags>();
      ask({ place: placeOf(flags, shared), action: actionOf(flags, sub.args) });
    });
  };
  for (const [kind, help] of READERS) {
    const sub = add(kind, help, (flags) => ({ kind, author: authorOf(flags), json: isJson(flags) }));
    sub.option(...AUTHOR_FLAG).option(...JSON_FLAG);
  }
  addNodeCommands(add);
  addCarriers(add);
  addRebuild(log, shared, ask);
}

function subcommand(
  log: Command,
  name: string,
  help: string,
  options: readonly SharedName[],
  shared: SharedOptions,
): Command {
  const sub = log
    .command(name)
    .description(help)
    .helpOption('--help', 'print this text')
    .allowExcessArguments(false);
  for (const option of options) sub.addOption(shared.optionOf(option));
  return sub;
}

function addRebuild(log: Command, shared: SharedOptions, ask: (request: LogRequest) => void): void {
  const help = 'make the graph of a data folder what its logs say; what is in no log stays';
  const sub = subcommand(log, 'rebuild', help, SHARED_BY_REBUILD, shared)
    .option('--check', 'only tell what would change: exit code 1 when that is something')
    .option('--purge', 'take out what is in no log, and so in no other relay')
    .option(...JSON_FLAG)
    .action(() => {
      const flags = sub.opts<Flags>();
      // The network only matters to what is taken in.
      const place = { kind: 'folder', data: shared.valueOf('data', flags), network: '' } as const;
      ask({ place, action: rebuildAction(flags, shared) });
    });
}

function rebuildAction(flags: Flags, shared: SharedOptions): RebuildAction {
  return {
    kind: 'rebuild',
    isCheck: flags['check'] !== undefined,
    purges: flags['purge'] !== undefined,
    sea: shared.valueOf('sea', flags) === 'off' ? 'off' : 'on',
    nameLength: Number(shared.valueOf('nameLength', flags)),
    json: isJson(flags),
  };
}

function addNodeCommands(add: AddCommand): void {
  add('show', 'list operations, a line each; of a soul the node, as JSON', (flags, [soul]) =>
    soul === undefined
      ? listAction(flags)
      : { kind: 'node', soul, key: undefined, at: atOf(flags), json: true },
  )
    .argument('[soul]', 'the node to show')
    .option(...AUTHOR_FLAG)
    .option(...AT_FLAG)
    .option(...JSON_FLAG);
  add(
    'blame',
    'tell who wrote each property of a node, when, and by which operation',
    (flags, [soul = '', key]) => ({ kind: 'blame', soul, key, at: atOf(flags), json: isJson(flags) }),
  )
    .argument('<soul>', 'the node')
    .argument('[key]', 'one of its properties')
    .option(...AT_FLAG)
    .option(...JSON_FLAG);
}

function addCarriers(add: AddCommand): void {
  add(
    'export',
    'write operations as a CBOR sequence, to standard output without a file',
    (flags, [file]) => ({ kind: 'export', author: authorOf(flags), file }),
  )
    .argument('[file]', 'file to write; it must not be there')
    .option(...AUTHOR_FLAG);
  add('import', 'take in what export wrote, from standard input without a file', (flags, [file]) => ({
    kind: 'import',
    file,
    json: isJson(flags),
  }))
    .argument('[file]', 'file to read')
    .option(...JSON_FLAG);
}

const AUTHOR_FLAG = ['--author <key>', 'the logs of one author alone, 64 hex digits'] as const;
const AT_FLAG = [
  '--at <moment>',
  'as it was: a date of ISO 8601, milliseconds since 1970, or the id of an operation',
] as const;
const JSON_FLAG = ['--json', 'print JSON, a line each'] as const;

const READERS = [
  ['heads', 'list the logs: where each begins and ends'],
  ['verify', 'check every signature, hash and link: exit code 1 when one is wrong'],
] as const;

function listAction(flags: Flags): ReadAction {
  if (flags['at'] !== undefined) throw new GraphError('OPTION_INVALID', '--at: say of which soul');
  return { kind: 'show', author: authorOf(flags), json: isJson(flags) };
}

function atOf({ at }: Flags): Moment | undefined {
  const moment = at === undefined ? undefined : parseMoment(at);
  if (at !== undefined && moment === undefined) {
    const rule = 'must be a date such as 2026-01-31T12:00Z, milliseconds, or the id of an operation';
    throw new GraphError('OPTION_INVALID', `--at ${JSON.stringify(at)}: ${rule}`);
  }
  return moment;
}

/** Commander gives true for a flag without a value. */
function isJson({ json }: Flags): boolean {
  return json !== undefined;
}

function authorOf(flags: Flags): string | undefined {
  const author = flags['author'];
  if (author === undefined || AUTHOR.test(author)) return author;
  throw new GraphError('OPTION_INVALID', `--author ${JSON.stringify(author)}: must be 64 hex digits`);
}

function placeOf(flags: Flags, shared: SharedOptions): LogPlaceWanted {
  const { relay } = flags;
  if (relay === undefined) {
    return { kind: 'folder', data: shared.valueOf('data', flags), network: shared.valueOf('network', flags) };
  }
  if (flags['data'] !== undefined) throw new GraphError('OPTION_INVALID', 'give --data or --relay, not both');
  return { kind: 'relay', relay, token: shared.valueOf('adminToken', flags) };
}
