/** The relay's options out of command line and environment: defaults < environment < flags. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { GraphError } from '../lib/base/errors.ts';
import { DEFAULT_LIMITS, type Limits } from '../lib/base/limits.ts';
import { ClientAddresses } from './client-address.ts';
import {
  DEFAULT_OPTIONS,
  OPTION_TABLE,
  type OptionKind,
  type OptionRow,
  type RelayOptions,
} from './option-table.ts';
import { addLogCommands, type LogRequest, type SharedOptions } from './log-options.ts';
import { Origins } from './origins.ts';
import { toPeerUrls } from './peer-url.ts';
import { VERSION } from './version.ts';

/** What the command line asks for: a relay, work on a store or its logs, or a text on stdout. */
export type CommandRequest =
  | { readonly kind: 'run'; readonly options: RelayOptions }
  | { readonly kind: 'check'; readonly data: string }
  | { readonly kind: 'repair'; readonly data: string; readonly backup: boolean }
  | { readonly kind: 'log'; readonly request: LogRequest }
  | { readonly kind: 'print'; readonly text: string };

/** Environment variables by name, as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text an operator gave, and where. */
interface Given {
  readonly source: string;
  readonly text: string;
}

/** What headers, queries and cookies carry as it is. */
const TOKEN = /^[\x21-\x7e]{8,1024}$/;

/** Flags by option name, as typed. */
type Flags = Readonly<Record<string, string | undefined>>;

/**
 * Reads the options.
 *
 * @param args the command line after the script's name
 * @throws GraphError OPTION_INVALID naming the flag or variable that is unknown, malformed or out of range
 */
export function readOptions(args: readonly string[], env: Environment): CommandRequest {
  let printed = '';
  let asked: CommandRequest | undefined;
  const print = (text: string): void => {
    printed += text;
  };
  const command = describeCommand(print);
  addStoreCommands(command, env, (request) => {
    asked = request;
  });
  addLogCommands(command, sharedOptions(command, env), (request) => {
    asked = { kind: 'log', request };
  });
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'print', text: printed };
    throw new GraphError('OPTION_INVALID', oneLine(error.message));
  }
  return asked ?? { kind: 'run', options: composeOptions(command.opts<Flags>(), command.args[0], env) };
}

function describeCommand(print: (text: string) => void): Command {
  const command = new Command('thicket')
    .description('A relay for GunDB apps: durable acks, flat memory, interest routing. Serves /gun.')
    .argument('[port]', 'the same as --port')
    .version(VERSION, '--version', 'print the version')
    .helpOption('--help', 'print this text')
    .helpCommand(false)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    // Without something to do, commander takes a missing subcommand for a question.
    .action(() => undefined);
  for (const row of OPTION_TABLE) command.addOption(describeOption(row));
  return command;
}

/** Options of the relay as other commands take them, with the same defaults and variables. */
function sharedOptions(command: Command, env: Environment): SharedOptions {
  const rows = new Map(OPTION_TABLE.map((row) => [row.name, row]));
  return {
    optionOf: (name) => describeOption(rows.get(name)!),
    valueOf: (name, flags) => {
      const row = rows.get(name)!;
      const given = givenFor(row, { ...command.opts<Flags>(), ...flags }, env);
      return given === undefined ? row.defaultText : String(parseValue(given, row.values));
    },
  };
}

/** Adds `check` and `repair`, which take the folder as the relay does. */
function addStoreCommands(command: Command, env: Environment, ask: (request: CommandRequest) => void): void {
  const row = OPTION_TABLE.find(({ name }) => name === 'data')!;
  const dataOf = (flags: Flags): string =>
    givenFor(row, { ...command.opts<Flags>(), ...flags }, env)?.text ?? DEFAULT_OPTIONS.data;
  command
    .command('check')
    .description('look through a store: exit code 0 when it is sound, 1 when it is damaged')
    .addOption(describeOption(row))
    .helpOption('--help', 'print this text')
    .action((flags: Flags) => ask({ kind: 'check', data: dataOf(flags) }));
  command
    .command('repair')
    .description('make a damaged store writable again, without what cannot be trusted; copies it first')
    .addOption(describeOption(row))
    .option('--no-backup', 'do not copy the folder first')
    .helpOption('--help', 'print this text')
    .action((flags: Flags & { readonly backup: boolean }) =>
      ask({ kind: 'repair', data: dataOf(flags), backup: flags.backup }),
    );
}

function describeOption(row: OptionRow): Option {
  const facts = [`default: ${row.defaultText === '' ? 'none' : row.defaultText}`];
  if (row.rangeText !== '')
    facts.push(`${row.values.kind === 'choice' ? 'one of' : 'range'}: ${row.rangeText}`);
  facts.push(`env: ${row.env}`);
  const value = row.values.kind === 'switch' ? '' : ` <${row.unit}>`;
  const option = new Option(`${row.flag}${value}`, `${row.help} (${facts.join('; ')})`);
  // A list may come in several flags.
  if (row.values.kind === 'list') option.argParser(joinList);
  return option.helpGroup(row.isLimit ? 'Limits:' : 'Options:');
}

function joinList(text: string, before: string | undefined): string {
  return before === undefined ? text : `${before},${text}`;
}

/** Commander puts its suggestions on a line of their own. */
function oneLine(message: string): string {
  return message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
}

function composeOptions(flags: Flags, port: string | undefined, env: Environment): RelayOptions {
  if (port !== undefined && flags['port'] !== undefined) {
    throw new GraphError('OPTION_INVALID', 'give the port once, as argument or as --port');
  }
  const plain: Record<string, unknown> = {};
  const limits: Record<string, unknown> = {};
  for (const row of OPTION_TABLE) {
    const given =
      row.name === 'port' && port !== undefined ? { source: 'port', text: port } : givenFor(row, flags, env);
    if (given !== undefined) (row.isLimit ? limits : plain)[row.name] = parseValue(given, row.values);
  }
  const options = {
    ...DEFAULT_OPTIONS,
    ...(plain as Partial<RelayOptions>),
    limits: { ...DEFAULT_LIMITS, ...(limits as Partial<Limits>) },
  };
  assertWhole(options);
  return options;
}

/** An empty environment variable is one that is not set; platforms set empty ones. */
function givenFor(row: OptionRow, flags: Flags, env: Environment): Given | undefined {
  const flag = flags[row.name];
  if (flag !== undefined) return { source: row.flag, text: row.values.kind === 'switch' ? 'on' : flag };
  const variable = env[row.env];
  return variable === undefined || variable === '' ? undefined : { source: row.env, text: variable };
}

function parseValue(given: Given, values: OptionKind): unknown {
  switch (values.kind) {
    case 'integer':
      return parseInteger(given, values.min, values.max);
    case 'choice':
      if (!values.choices.includes(given.text)) fail(given, `must be one of ${values.choices.join(', ')}`);
      return given.text;
    case 'list':
      return parseList(given, values.of);
    case 'secret':
      return parseSecret(given);
    case 'switch':
      if (given.text !== 'on' && given.text !== 'off') fail(given, 'must be on or off');
      return given.text === 'on';
    case 'text':
      return given.text;
  }
}

function parseInteger(given: Given, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(given.text) ? Number(given.text) : NaN;
  if (!(value >= min && value <= max)) fail(given, `must be a whole number from ${min} to ${max}`);
  return value;
}

function parseList(given: Given, of: 'peers' | 'addresses' | 'origins'): readonly string[] {
  if (of === 'peers') return toPeerUrls(given.text);
  const items = given.text.split(',').map((item) => item.trim());
  return items.filter((item) => item !== '');
}

/** What a secret is must not be in any message. */
function parseSecret({ source, text }: Given): string {
  // A shell gives nothing for a variable that is not set, and no secret would mean that nobody needs one.
  if (text === '') throw new GraphError('OPTION_INVALID', `${source}: must not be empty`);
  if (!text.startsWith('@')) return text;
  let secret: string;
  try {
    secret = readFileSync(text.slice(1), 'utf8').trim();
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw new GraphError('OPTION_INVALID', `${source} ${text}: cannot be read (${code})`, { cause: error });
  }
  if (secret === '') throw new GraphError('OPTION_INVALID', `${source} ${text}: the file is empty`);
  return secret;
}

function fail(given: Given, rule: string): never {
  throw new GraphError('OPTION_INVALID', `${given.source} ${JSON.stringify(given.text)}: ${rule}`);
}

/**
 * Checks what no option shows alone.
 *
 * @throws GraphError OPTION_INVALID
 */
export function assertWhole(options: RelayOptions): void {
  if (options.data === '') throw new GraphError('OPTION_INVALID', '--data: must name a folder');
  if ((options.httpsKey === '') !== (options.httpsCert === '')) {
    throw new GraphError('OPTION_INVALID', '--https-key and --https-cert: give both or none');
  }
  // Both throw on what they cannot take.
  void new ClientAddresses(options);
  void new Origins(options);
  for (const [flag, token] of [
    ['--read-token', options.readToken],
    ['--write-token', options.writeToken],
    ['--admin-token', options.adminToken],
  ] as const) {
    if (token !== '' && !TOKEN.test(token)) {
      throw new GraphError('OPTION_INVALID', `${flag}: must be 8 to 1024 letters, digits or signs of ASCII`);
    }
  }
}
