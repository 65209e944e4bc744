/** Key and certificate for TLS: read at the start, and again whenever they change. */
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { GraphError } from '../lib/base/errors.ts';
import type { StartTimer } from '../lib/store/deferred-writes.ts';
import type { RelayOptions } from './option-table.ts';

/** How often the files are looked at, in milliseconds; by name, so that links to other files are noticed. */
const LOOK_MS = 2000;
/** Key and certificate are written one after the other; so long after the last change both are read. */
const SETTLE_MS = 1000;

/** A key and its certificate, PEM. */
export interface TlsPair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** Calls back when a file changes, until the returned function is called. */
export type Watch = (file: string, onChange: () => void) => () => void;

/** The file system; it does not keep a process alive that has nothing else to do. */
export const watchByName: Watch = (file, onChange) => {
  watchFile(file, { interval: LOOK_MS, persistent: false }, onChange);
  return () => unwatchFile(file, onChange);
};

type TlsOptions = Pick<RelayOptions, 'httpsKey' | 'httpsCert'>;

/**
 * Reads the files.
 *
 * @throws GraphError OPTION_INVALID when one cannot be read, or they are no pair
 */
export function readTlsPair({ httpsKey, httpsCert }: TlsOptions): TlsPair {
  const pair = { key: readPem('--https-key', httpsKey), cert: readPem('--https-cert', httpsCert) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new GraphError('OPTION_INVALID', '--https-key and --https-cert: no usable PEM pair', {
      cause: error,
    });
  }
  return pair;
}

/** What the reloading needs. */
export interface TlsReloadParts {
  readonly options: TlsOptions;
  readonly server: Pick<Server, 'setSecureContext'>;
  readonly watch: Watch;
  readonly startTimer: StartTimer;
  /** Told of each try: nothing when new connections are given the new pair, else why they get the old one. */
  readonly report: (fault: string | undefined) => void;
}

/** Gives a server the pair in the files whenever they change; one that is no good is left alone. */
export class TlsReload {
  readonly #parts: TlsReloadParts;
  readonly #stops: readonly (() => void)[];
  #stopTimer: (() => void) | undefined;

  constructor(parts: TlsReloadParts) {
    const { options, watch } = parts;
    this.#parts = parts;
    this.#stops = [options.httpsKey, options.httpsCert].map((file) => watch(file, () => this.#onChange()));
  }

  /** Looks at the files no more. */
  close(): void {
    this.#stopTimer?.();
    for (const stop of this.#stops) stop();
  }

  #onChange(): void {
    this.#stopTimer?.();
    this.#stopTimer = this.#parts.startTimer(() => this.#reload(), SETTLE_MS);
  }

  #reload(): void {
    const { options, server, report } = this.#parts;
    try {
      server.setSecureContext(readTlsPair(options));
    } catch (error) {
      return report(error instanceof Error ? error.message : String(error));
    }
    report(undefined);
  }
}

function readPem(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw new GraphError('OPTION_INVALID', `${flag} ${JSON.stringify(file)}: cannot be read (${code})`, {
      cause: error,
    });
  }
}
