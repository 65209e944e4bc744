#!/usr/bin/env node
/** The command `thicket`: parse, start, stop on signals; look after stores and logs. */
import { performance } from 'node:perf_hooks';
import { GraphError } from '../lib/base/errors.ts';
import { readOptions, type CommandRequest } from './options.ts';
import type { RelayOptions } from './option-table.ts';
import type { Relay } from './relay.ts';

/** A stop that takes longer is cut off. */
const STOP_MS = 4900;
/** npm passes a Ctrl-C on that the terminal has sent already; only what comes later is a second signal. */
const ECHO_MS = 300;

/** Exit code of commands on stores and logs that failed: 1 says that something is wrong with these. */
const NOT_DONE = 2;
/** Commands on stores: one that cannot be opened is what they look for. */
const STORE_COMMANDS: ReadonlySet<string | undefined> = new Set(['check', 'repair']);
const NOT_BEGUN_CODES: ReadonlySet<string> = new Set([
  'OPTION_INVALID',
  'STORAGE_LOCKED',
  'RELAY_UNREACHABLE',
]);

function fail(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  // What is no GraphError is a fault of the program, and its stack is wanted.
  console.error(error instanceof GraphError ? `thicket: ${reason}` : error);
  process.exitCode = 1;
}

/** True when a failure of a command says nothing of what it looked at. */
function isNotDone(command: string | undefined, error: unknown): boolean {
  if (command === 'log') return true;
  return STORE_COMMANDS.has(command) && error instanceof GraphError && NOT_BEGUN_CODES.has(error.code);
}

function stopOnSignals(relay: Relay): void {
  let first: number | undefined;
  const onSignal = (): void => {
    if (first !== undefined) {
      if (performance.now() - first > ECHO_MS) process.exit(1);
      return;
    }
    first = performance.now();
    setTimeout(() => process.exit(1), STOP_MS).unref();
    relay.close().catch(fail);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

async function serve(options: RelayOptions): Promise<void> {
  const { createRelay } = await import('./relay.ts');
  const relay = createRelay(options);
  stopOnSignals(relay);
  const { port } = await relay.listen();
  console.log(`Relay peer started on port ${port} with /gun`);
  try {
    await relay.ready();
  } catch (error) {
    await relay.close();
    throw error;
  }
}

/** Loads what the command needs: all of it takes half a second on a slow machine. */
async function run(request: CommandRequest): Promise<void> {
  switch (request.kind) {
    case 'print':
      process.stdout.write(request.text);
      return;
    case 'check': {
      const { checkStore } = await import('./store-check.ts');
      const { isSound, lines } = await checkStore(request.data);
      console.log(lines.join('\n'));
      process.exitCode = isSound ? 0 : 1;
      return;
    }
    case 'repair': {
      const { repairStore } = await import('./store-repair.ts');
      console.log((await repairStore(request)).join('\n'));
      return;
    }
    case 'log': {
      const { runLog } = await import('./log-command.ts');
      const { stdin: input, stdout: output, stderr: terminal } = process;
      process.exitCode = await runLog(request.request, { input, output, terminal });
      return;
    }
    case 'run':
      await serve(request.options);
  }
}

const args = process.argv.slice(2);
try {
  await run(readOptions(args, process.env));
} catch (error) {
  fail(error);
  if (isNotDone(args[0], error)) process.exitCode = NOT_DONE;
}
