/**
 * The bench's side of the load generator: a child process pinned to its own core, driven by messages.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Deferred, deferred } from './deferred.ts';
import type { LoadOperations, LoadReply, LoadRequest } from './load/operations.ts';
import { LOAD_CORE, nodeOnCore } from './pinning.ts';

const SCRIPT = fileURLToPath(new URL('load/generator.js', import.meta.url));

/** A running load generator. */
export class LoadProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Deferred<unknown>>();
  #lastRequest = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (reply: LoadReply) => this.#settle(reply));
    child.once('exit', (code, signal) =>
      this.#fail(new Error(`the load generator ended: ${code ?? signal}`)),
    );
    child.once('error', (error) => this.#fail(error));
  }

  /** Starts a load generator without any client. */
  static start(): LoadProcess {
    const { file, args } = nodeOnCore(LOAD_CORE, []);
    return new LoadProcess(fork(SCRIPT, { execPath: file, execArgv: [...args] }));
  }

  /** Lets the generator do one thing and returns what it measured. */
  async run<Name extends keyof LoadOperations>(
    operation: Name,
    task: Parameters<LoadOperations[Name]>[0],
  ): Promise<Awaited<ReturnType<LoadOperations[Name]>>> {
    const waiting = deferred<unknown>();
    const request: LoadRequest = { request: (this.#lastRequest += 1), operation, task };
    this.#waiting.set(request.request, waiting);
    this.#child.send(request);
    return (await waiting.promise) as Awaited<ReturnType<LoadOperations[Name]>>;
  }

  /** Ends the generator and with it all its clients. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  #settle(reply: LoadReply): void {
    const waiting = this.#waiting.get(reply.request);
    this.#waiting.delete(reply.request);
    if ('error' in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.result);
  }

  #fail(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
