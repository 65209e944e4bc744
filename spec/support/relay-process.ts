/**
 * The relay in a process of its own, started by its command.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { endProcess } from './end-process.ts';
import { Inbox } from './inbox.ts';

const COMMAND = fileURLToPath(new URL('../../relay/bin.js', import.meta.url));
const STARTED = /Relay peer started on port (\d+) with \/gun/;

/** How a relay is started. */
export interface RelayProcessOptions {
  /** Folder it keeps its data in. */
  readonly data: string;
  /** Port to listen on; any free one by default. */
  readonly port?: number;
  /** URLs of the relays it peers with. */
  readonly peers?: readonly string[];
  /** Further arguments of the command. */
  readonly args?: readonly string[];
  /** Arguments of Node. */
  readonly nodeArgs?: readonly string[];
  /** A command line that runs the relay's one as its own process. */
  readonly wrap?: (command: readonly string[]) => readonly string[];
}

/** A relay that is listening. */
export interface RelayProcess {
  /** Address for gun's `peers`. */
  readonly url: string;
  /** Port it listens on, for a restart at the same address. */
  readonly port: number;
  /** Folder it keeps its data in. */
  readonly data: string;
  /** SIGTERM; resolves with the exit code once the process is gone. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves once the process is gone. */
  kill(): Promise<unknown>;
}

/** The relay of this project. */
export interface ThicketProcess extends RelayProcess {
  /** The process's id, while it runs. */
  readonly pid: number;
  /** The lines it writes. */
  readonly output: Inbox<string>;
}

/** The environment without what the command would take its options from. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const options = /^(THICKET_.*|PORT|PEERS|HTTPS_KEY|HTTPS_CERT)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !options.test(name)));
}

/** The address of the relay on a port of this machine. */
export function relayUrl(port: number): string {
  return `http://127.0.0.1:${port}/gun`;
}

/** Starts the relay and waits for nothing. */
export function spawnRelay({
  data,
  port = 0,
  peers = [],
  args: more = [],
  nodeArgs = [],
  wrap = (command) => command,
}: RelayProcessOptions): ChildProcessByStdio<null, Readable, Readable> {
  const args = [COMMAND, '--host', '127.0.0.1', '--port', String(port), '--data', data];
  if (peers.length > 0) args.push('--peers', peers.join(','));
  args.push(...more);
  const [command, ...rest] = wrap([process.execPath, ...nodeArgs, ...args]);
  return spawn(command!, rest, { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Starts the relay and waits until it listens. */
export async function startRelay(options: RelayProcessOptions): Promise<ThicketProcess> {
  const child = spawnRelay(options);
  const output = new Inbox<string>('relay output');
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => output.push(line));
  }
  child.once('exit', (code, signal) => output.close(`the relay ended with ${code ?? signal}`));
  const line = await output.next((text) => STARTED.test(text), 'the line that tells the port');
  const listening = Number(STARTED.exec(line)?.[1]);
  return {
    url: relayUrl(listening),
    port: listening,
    data: options.data,
    pid: child.pid!,
    output,
    stop: () => endProcess(child, 'SIGTERM'),
    kill: () => endProcess(child, 'SIGKILL'),
  };
}
