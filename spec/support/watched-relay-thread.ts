/** The thread of a watched relay: serves, and measures every turn of its event loop. */
import { openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { createRelay } from '../../relay/relay.ts';
import type { WatchedMessage, WatchedOptions, WatchedRequest } from './watched-relay.ts';

const NANOSECONDS_PER_MS = 1_000_000;
const LINE_BYTES = 64;
const REFERENCE_LENGTH = 8_388_608;

const port = parentPort!;
const usedMs = threadClock();
let longestMs = 0;
let lastMs = usedMs();
let lastAt = performance.now();
let isClosing = false;

/**
 * Milliseconds that this thread has run, where the system tells it: other processes that take the core away do not
 * count. Elsewhere the time on the wall.
 */
function threadClock(): () => number {
  let file: number;
  try {
    file = openSync('/proc/thread-self/schedstat', 'r');
  } catch {
    return () => performance.now();
  }
  const line = Buffer.alloc(LINE_BYTES);
  return () =>
    Number(line.toString('latin1', 0, readSync(file, line, 0, LINE_BYTES, 0)).split(' ', 1)[0]) /
    NANOSECONDS_PER_MS;
}

/**
 * Milliseconds that a piece of work takes which cannot be cut: how fast this machine is at the moment. The best of
 * three.
 */
function reference(): number {
  const text = 'a'.repeat(REFERENCE_LENGTH);
  const times = [1, 2, 3].map(() => {
    const start = usedMs();
    JSON.stringify(text);
    return usedMs() - start;
  });
  lastMs = usedMs();
  lastAt = performance.now();
  return Math.min(...times);
}

function tell(message: WatchedMessage): void {
  port.postMessage(message);
}

/**
 * Runs once a turn: what was used since is how long everybody else had to wait. The system counts what is used in
 * ticks of some milliseconds, so that a turn may seem to use more than it had.
 */
function watch(): void {
  const [now, at] = [usedMs(), performance.now()];
  longestMs = Math.max(longestMs, Math.min(now - lastMs, at - lastAt));
  lastMs = now;
  lastAt = at;
  if (!isClosing) setImmediate(watch);
}

const { data } = workerData as WatchedOptions;
const relay = createRelay({ port: 0, host: '127.0.0.1', data, durability: 'os', logLevel: 'silent' });
const listening = await relay.listen();
await relay.ready();
port.on('message', (request: WatchedRequest) => {
  if (request === 'held') {
    const ms = longestMs;
    tell({ kind: 'held', ms, referenceMs: reference() });
    longestMs = 0;
    return;
  }
  isClosing = true;
  void relay.close().then(() => port.close());
});
tell({ kind: 'listening', port: listening.port });
watch();
