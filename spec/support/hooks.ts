/** Root hooks of the whole run: a stray rejection or exception fails the run, which mocha alone overlooks. */
import { setImmediate } from 'node:timers/promises';

/**
 * Mocha gives its workers a second to end, which writing down what was covered may take longer than: who listens to
 * the signal is not cut off.
 */
if (process.env['MOCHA_WORKER_ID'] !== undefined) process.on('SIGTERM', () => undefined);

/** A set, because mocha throws a stray rejection again, as an uncaught exception. */
const strays = new Set<unknown>();

function collect(error: unknown): void {
  strays.add(error);
}

function throwStrays(): void {
  const found = [...strays];
  strays.clear();
  if (found.length === 0) return;
  if (found.length === 1) throw found[0];
  const texts = found.map((error) =>
    error instanceof Error ? (error.stack ?? error.message) : String(error),
  );
  throw new AggregateError(found, `${found.length} stray errors\n${texts.join('\n')}`);
}

/** Registered by mocha's `require` option. */
export const mochaHooks = {
  beforeAll(): void {
    // This process counts what it covers. Those that it starts would only be slowed down, and write megabytes each.
    delete process.env['NODE_V8_COVERAGE'];
    process.on('unhandledRejection', collect);
    process.on('uncaughtException', collect);
  },

  /** Waits one turn, because Node reports a rejection only after the microtasks that could still handle it. */
  async afterEach(): Promise<void> {
    await setImmediate();
    throwStrays();
  },

  afterAll(): void {
    process.off('unhandledRejection', collect);
    process.off('uncaughtException', collect);
    throwStrays();
  },
};
