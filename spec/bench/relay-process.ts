/**
 * One relay as a child process, Thicket or the real one: started on a free port, pinned, measured, stopped.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { deferred } from './deferred.ts';
import type { Durability, Legacy, RelayKind } from './options.ts';
import { type Core, RELAY_CORE, nodeOnCore } from './pinning.ts';

const SCRIPTS = {
  thicket: fileURLToPath(new URL('../../relay/bin.js', import.meta.url)),
  trusting: fileURLToPath(new URL('trusting.js', import.meta.url)),
  gun: fileURLToPath(new URL('gun-relay.js', import.meta.url)),
};
/** As `npm start` starts it. */
const START_FLAGS = ['--max-semi-space-size=8'];
const START_MS = 30_000;
const STOP_MS = 10_000;
const ERROR_TEXT_LENGTH = 2000;
const STARTED = /Relay peer started on port (\d+) with \/gun/;

/** How to start a relay. */
export interface RelaySettings {
  readonly kind: RelayKind;
  /** Folder for its data; kept when it stops. */
  readonly folder: string;
  readonly durability: Durability;
  /** URLs of relays it dials. */
  readonly peers?: readonly string[];
  /** What becomes of writes without a signature. */
  readonly legacy: Legacy;
  /** True to count every signature of a log as right. */
  readonly isTrusting?: boolean;
  /** Core it runs on; that of the relays when absent. */
  readonly core?: Core;
  /** Folder for its CPU profile. */
  readonly profile?: string;
}

function argumentsFor(settings: RelaySettings): string[] {
  const { kind, folder, durability, peers = [], profile } = settings;
  const node = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  if (kind === 'gun') return [...node, SCRIPTS.gun, folder, ...peers];
  const own = ['--port', '0', '--host', '127.0.0.1', '--data', folder, '--durability', durability];
  own.push('--legacy', settings.legacy);
  if (settings.isTrusting === true) node.push('--import', SCRIPTS.trusting);
  return [...START_FLAGS, ...node, SCRIPTS.thicket, ...own];
}

/** Resolves with the port that the relay names in its start line. */
function startedPort(child: ChildProcess): Promise<number> {
  const { promise, resolve, reject } = deferred<number>();
  let text = '';
  const timer = setTimeout(
    () => reject(new Error(`the relay did not start in ${START_MS} ms: ${text}`)),
    START_MS,
  );
  const read = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-ERROR_TEXT_LENGTH);
    const port = STARTED.exec(text)?.[1];
    if (port !== undefined) resolve(Number(port));
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`the relay ended with code ${code}: ${text}`)));
  return promise.finally(() => clearTimeout(timer));
}

/** A running relay. */
export class RelayProcess {
  readonly kind: RelayKind;
  readonly #child: ChildProcess;
  readonly #port: number;

  private constructor(kind: RelayKind, child: ChildProcess, port: number) {
    this.kind = kind;
    this.#child = child;
    this.#port = port;
  }

  /** Starts a relay and waits until it listens. */
  static async start(settings: RelaySettings): Promise<RelayProcess> {
    const { file, args } = nodeOnCore(settings.core ?? RELAY_CORE, argumentsFor(settings));
    const env = { ...process.env, PEERS: (settings.peers ?? []).join(',') };
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: settings.folder });
    try {
      return new RelayProcess(settings.kind, child, await startedPort(child));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Address for clients. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}/gun`;
  }

  /** Port it listens on. */
  get port(): number {
    return this.#port;
  }

  /** Id of the process. */
  get pid(): number {
    return this.#child.pid!;
  }

  /** Whether the process runs. */
  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Asks the relay to end, insists after 10 s; waits until it is gone. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#end('SIGTERM');
    clearTimeout(timer);
  }

  /** Ends the relay without warning, as a crash would; waits until it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.alive) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }
}
