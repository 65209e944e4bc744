/** The command `thicket log`: what it does with logs, wherever they are, and what it prints. */
import { constants, createReadStream } from 'node:fs';
import { access, open, rm, stat, type FileHandle } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GraphError } from '../lib/base/errors.ts';
import type { OperationBytes } from '../lib/log/sequence.ts';
import type { BlameReport, LogAccess } from './log-access.ts';
import { verifyLog } from './log-check.ts';
import {
  blameLine,
  headLine,
  importLines,
  operationLine,
  reportOperation,
  verdictLines,
  verifiedLine,
  type OperationReport,
  type UnreadableReport,
} from './log-lines.ts';
import type {
  BlameAction,
  ExportAction,
  ImportAction,
  LogAction,
  LogPlaceWanted,
  LogRequest,
  ReadAction,
  RebuildAction,
} from './log-options.ts';
import { sequenceOf } from './log-exchange.ts';
import { Progress, type Terminal } from './progress.ts';
import { changesOf, differenceLine, rebuildLines } from './rebuild-lines.ts';
import { RemoteLogs } from './remote-logs.ts';

/** Where a command reads and writes. */
export interface LogStreams {
  readonly input: Readable;
  readonly output: Writable;
  /** Where errors are told, and progress is drawn if it is a terminal. */
  readonly terminal: Terminal;
}

/** Exit codes: all is well, or something is wrong with what was looked at. */
const FINE = 0;
const WRONG = 1;
const BROKEN_PIPES: ReadonlySet<string | undefined> = new Set(['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

/**
 * Runs a command.
 *
 * @returns the exit code: 0, or 1 when a log is not whole, an import was refused in part, or a graph is not what its logs say
 * @throws GraphError when it could not begin, or broke off
 */
export async function runLog({ place, action }: LogRequest, streams: LogStreams): Promise<number> {
  if (action.kind === 'rebuild') return rebuild(place, action, streams);
  // Before a folder is made for it.
  if (action.kind === 'import' && action.file !== undefined) await sizeOf(action.file);
  const logs = await openLogs(place, action.kind === 'import');
  try {
    return await run(logs, action, streams);
  } finally {
    await logs.close();
  }
}

async function openLogs(place: LogPlaceWanted, writes: boolean): Promise<LogAccess> {
  if (place.kind === 'relay') return new RemoteLogs(place);
  // The store's code takes longer to load than a question to a relay.
  const { openFolderLogs } = await import('./folder-logs.ts');
  return openFolderLogs({ ...place, writes });
}

async function run(
  logs: LogAccess,
  action: Exclude<LogAction, RebuildAction>,
  streams: LogStreams,
): Promise<number> {
  switch (action.kind) {
    case 'heads':
      await print(streams.output, lines(logs.heads(action.author), action.json, headLine));
      return FINE;
    case 'show':
      await print(streams.output, lines(reportsOf(logs, action.author), action.json, operationLine));
      return FINE;
    case 'blame':
    case 'node':
      return tellOf(logs, action, streams);
    case 'verify':
      return verify(logs, action, streams);
    case 'export':
      await exportTo(logs, action, streams);
      return FINE;
    case 'import':
      return importFrom(logs, action, streams);
  }
}

async function* lines<T>(
  reports: AsyncIterable<T>,
  json: boolean,
  line: (report: T) => string,
): AsyncGenerator<string> {
  for await (const report of reports) yield `${json ? JSON.stringify(report) : line(report)}\n`;
}

async function* operationsOfAll(logs: LogAccess, author: string | undefined): AsyncGenerator<OperationBytes> {
  for await (const head of logs.heads(author)) yield* logs.operations(head);
}

async function* reportsOf(
  logs: LogAccess,
  author: string | undefined,
): AsyncGenerator<OperationReport | UnreadableReport> {
  for await (const operation of operationsOfAll(logs, author)) yield reportOperation(operation);
}

async function verify(
  logs: LogAccess,
  { author, json }: ReadAction,
  { output, terminal }: LogStreams,
): Promise<number> {
  let total = 0;
  for await (const { operations } of logs.heads(author)) total += operations;
  const progress = new Progress(terminal, total, 'operations');
  const sum = { logs: 0, operations: 0, faulty: 0 };
  const verdicts = async function* (): AsyncGenerator<string> {
    for await (const head of logs.heads(author)) {
      const verdict = await verifyLog(logs, head, () => progress.add(1));
      sum.logs += 1;
      sum.operations += verdict.operations;
      if (verdict.faults.length > 0) sum.faulty += 1;
      if (json) yield `${JSON.stringify(verdict)}\n`;
      else for (const line of verdictLines(verdict)) yield `${line}\n`;
    }
    progress.stop();
    if (!json) yield `${verifiedLine(sum)}\n`;
  };
  try {
    await print(output, verdicts());
  } finally {
    progress.stop();
  }
  return sum.faulty === 0 ? FINE : WRONG;
}

async function exportTo(
  logs: LogAccess,
  { author, file }: ExportAction,
  { output, terminal }: LogStreams,
): Promise<void> {
  let total = 0;
  for await (const { operations } of logs.heads(author)) total += operations;
  const progress = new Progress(terminal, total, 'operations');
  const counted = async function* (): AsyncGenerator<OperationBytes> {
    for await (const operation of operationsOfAll(logs, author)) {
      progress.add(1);
      yield operation;
    }
  };
  try {
    if (file === undefined) await print(output, sequenceOf(counted()));
    else await writeNew(file, sequenceOf(counted()));
  } finally {
    progress.stop();
  }
}

async function importFrom(
  logs: LogAccess,
  { file, json }: ImportAction,
  { input, output, terminal }: LogStreams,
): Promise<number> {
  const progress = new Progress(terminal, file === undefined ? undefined : await sizeOf(file), 'bytes');
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of file === undefined ? input : createReadStream(file)) {
      progress.add((chunk as Uint8Array).length);
      yield chunk as Uint8Array;
    }
  };
  try {
    const report = await logs.import(chunks());
    progress.stop();
    const text = json ? JSON.stringify(report) : importLines(report).join('\n');
    await print(output, [`${text}\n`]);
    return report.fault === undefined && Object.keys(report.refused).length === 0 ? FINE : WRONG;
  } finally {
    progress.stop();
  }
}

/** Makes a graph what its logs say, or tells what that would change: exit code 1 when that is something. */
async function rebuild(
  place: LogPlaceWanted,
  { isCheck, json, ...action }: RebuildAction,
  { output, terminal }: LogStreams,
): Promise<number> {
  if (place.kind === 'relay') throw new GraphError('OPTION_INVALID', 'rebuild: needs a folder');
  const { openFolderGraph } = await import('./folder-graph.ts');
  const graph = await openFolderGraph({ data: place.data, ...action, writes: !isCheck, terminal });
  try {
    const differences = isCheck ? lines(graph.differences(), json, differenceLine) : [];
    await print(output, differences);
    const report = isCheck ? graph.found : await graph.rebuild();
    const text = json ? JSON.stringify(report) : rebuildLines(report, { isCheck, ...action }).join('\n');
    await print(output, [`${text}\n`]);
    return isCheck && changesOf(report, action.purges) > 0 ? WRONG : FINE;
  } finally {
    await graph.close();
  }
}

/** A node, or who wrote it: exit code 1 when nothing is known of it. */
async function tellOf(
  logs: LogAccess,
  { kind, soul, key, at, json }: BlameAction,
  { output, terminal }: LogStreams,
): Promise<number> {
  const node = new Map<string, unknown>();
  const watched = async function* (): AsyncGenerator<BlameReport> {
    for await (const report of logs.blame(soul, key, at)) {
      node.set(report.key, report.value);
      yield report;
    }
  };
  if (kind === 'blame') await print(output, lines(watched(), json, blameLine));
  else for await (const _ of watched());
  if (kind === 'node' && node.size > 0)
    await print(output, [`${JSON.stringify(Object.fromEntries(node))}\n`]);
  if (node.size > 0) return FINE;
  terminal.write(
    `thicket: nothing is known of ${JSON.stringify(key === undefined ? soul : `${soul} ${key}`)}\n`,
  );
  return WRONG;
}

/** Writes without closing; who does not read to the end wants no more. */
async function print(
  output: Writable,
  chunks: AsyncIterable<string | Uint8Array> | Iterable<string>,
): Promise<void> {
  try {
    await pipeline(Readable.from(chunks, { objectMode: false }), output, { end: false });
  } catch (error) {
    if (!BROKEN_PIPES.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}

/** Writes a file that must not be there; none is left when that breaks off. */
async function writeNew(file: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let descriptor: FileHandle;
  try {
    descriptor = await open(file, 'wx');
  } catch (error) {
    throw unusable(file, error);
  }
  try {
    await pipeline(
      Readable.from(chunks, { objectMode: false }),
      descriptor.createWriteStream({ flush: true }),
    );
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

/** @throws GraphError OPTION_INVALID for a file that cannot be read */
async function sizeOf(file: string): Promise<number> {
  try {
    await access(file, constants.R_OK);
    return (await stat(file)).size;
  } catch (error) {
    throw unusable(file, error);
  }
}

function unusable(file: string, cause: unknown): GraphError {
  const { code = 'unusable' } = cause as NodeJS.ErrnoException;
  return new GraphError('OPTION_INVALID', `${JSON.stringify(file)}: ${code}`, { cause });
}
