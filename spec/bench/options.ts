/**
 * The flags of the bench.
 */
import { parseArgs } from 'node:util';

/** The relays the bench compares. */
export type RelayKind = 'thicket' | 'gun';

/** How durable an acked put of Thicket is: safe from a kill of the process, or from a power cut too. */
export type Durability = 'os' | 'fsync';

/** What Thicket does with writes that nobody signed: signs them as seen, or stores them as they are. */
export type Legacy = 'graph' | 'witness';

/** What to run and where to write it. */
export interface BenchOptions {
  /** Names of the cases to run, in the order of the list of cases; empty for all. */
  readonly cases: readonly string[];
  /** Relays to measure. */
  readonly relays: readonly RelayKind[];
  /** Interleaved rounds of each case, 1 to 99. */
  readonly rounds: number;
  /** Whether cases may take fewer rounds where one takes long; not if rounds are asked for. */
  readonly fewerWhereSlow: boolean;
  /** Durability of Thicket in cases that do not set their own. */
  readonly durability: Durability;
  /** What becomes of unsigned writes in cases that do not compare that. */
  readonly legacy: Legacy;
  /** Short windows and small graphs: to see that everything works, not to quote. */
  readonly quick: boolean;
  /** Print the names of the cases and do nothing else. */
  readonly list: boolean;
  /** Print the flags and do nothing else. */
  readonly help: boolean;
  /** File for all figures as JSON. */
  readonly json?: string;
  /** File for the picture. */
  readonly svg?: string;
  /** Folder for CPU profiles of the relays. */
  readonly profile?: string;
}

/** The text of `--help`. */
export const USAGE = `Usage: npm run bench -- [flags]

  --case NAME[,NAME]     run only these cases (may be given more than once)
  --only thicket|gun     measure one relay only
  --rounds N             interleaved rounds, 1 to 99 (default 3, slow cases 1; 1 with --profile)
  --durability os|fsync  durability of Thicket where a case does not set its own (default os)
  --legacy graph|witness what Thicket does with unsigned writes where a case does not compare that (default graph)
  --quick                short windows and small graphs, one round unless --rounds is given
  --json FILE            write all figures as JSON
  --svg FILE             write a picture of the CPU figures
  --profile DIR          write CPU profiles of the relays and print their ten dearest functions
  --list                 print the names of the cases
  --help                 print this text`;

const FLAGS = {
  case: { type: 'string', multiple: true },
  only: { type: 'string' },
  rounds: { type: 'string' },
  durability: { type: 'string', default: 'os' },
  legacy: { type: 'string', default: 'graph' },
  quick: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
  json: { type: 'string' },
  svg: { type: 'string' },
  profile: { type: 'string' },
} as const;

function oneOf<Choice extends string>(flag: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new Error(`--${flag} is one of ${choices.join(', ')}, not '${text}'`);
  return choice;
}

function roundsFrom(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new Error(`--rounds is a number from 1 to 99, not '${text}'`);
  return Number(text);
}

/**
 * Options from command line arguments.
 *
 * @param args arguments after the name of the script
 * @param known names of all cases
 * @throws Error naming the flag that is unknown or wrong
 */
export function parseOptions(args: readonly string[], known: readonly string[]): BenchOptions {
  const { values } = parseArgs({ args: [...args], options: FLAGS, strict: true });
  const named = (values.case ?? []).flatMap((names) => names.split(',')).map((name) => name.trim());
  for (const name of named) {
    if (!known.includes(name)) throw new Error(`no case is called '${name}'; see --list`);
  }
  const single = values.quick || values.profile !== undefined;
  return {
    cases: known.filter((name) => named.includes(name)),
    relays:
      values.only === undefined
        ? ['thicket', 'gun']
        : [oneOf('only', values.only, ['thicket', 'gun'] as const)],
    rounds: roundsFrom(values.rounds ?? (single ? '1' : '3')),
    fewerWhereSlow: values.rounds === undefined,
    durability: oneOf('durability', values.durability, ['os', 'fsync'] as const),
    legacy: oneOf('legacy', values.legacy, ['graph', 'witness'] as const),
    quick: values.quick,
    list: values.list,
    help: values.help,
    ...(values.json !== undefined && { json: values.json }),
    ...(values.svg !== undefined && { svg: values.svg }),
    ...(values.profile !== undefined && { profile: values.profile }),
  };
}
