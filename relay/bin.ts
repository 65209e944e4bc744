#!/usr/bin/env node
/** The command `thicket`: parse, start, stop on signals. */
import { performance } from 'node:perf_hooks';
import { GraphError } from '../lib/base/errors.ts';
import { readOptions } from './options.ts';
import type { RelayOptions } from './option-table.ts';
import { createRelay, type Relay } from './relay.ts';

/** A stop that takes longer is cut off. */
const STOP_MS = 4900;
/** npm passes a Ctrl-C on that the terminal has sent already; only what comes later is a second signal. */
const ECHO_MS = 300;

function fail(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  // What is no GraphError is a fault of the program, and its stack is wanted.
  console.error(error instanceof GraphError ? `thicket: ${reason}` : error);
  process.exitCode = 1;
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

try {
  const request = readOptions(process.argv.slice(2), process.env);
  if (request.kind === 'print') process.stdout.write(request.text);
  else await serve(request.options);
} catch (error) {
  fail(error);
}
