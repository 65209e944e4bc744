/**
 * Gun's own SEA in a process of its own, driven over IPC.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FieldWrite } from '../../lib/graph/write.ts';
import { endProcess } from './end-process.ts';
import { Inbox } from './inbox.ts';
import type { SeaAnswer, SeaFunction, SeaKind, SeaNews, SeaOperations } from './sea-messages.ts';

const CHILD = fileURLToPath(new URL('sea-child.js', import.meta.url));

/** A running SEA. */
export class SeaProcess {
  readonly #child: ChildProcess;
  readonly #answers: Inbox<SeaNews>;
  #requests = 0;

  constructor(kind: SeaKind) {
    this.#answers = new Inbox(`SEA of ${kind}`);
    this.#child = fork(CHILD, [kind], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    let complaints = '';
    this.#child.stderr?.on('data', (text: Buffer) => (complaints += text.toString().slice(0, 2000)));
    this.#child.on('message', (news: SeaNews) => this.#answers.push(news));
    this.#child.once('exit', (code, signal) => {
      this.#answers.close(`the process ended with ${code ?? signal} ${complaints}`);
    });
  }

  /** The answer of one of SEA's functions. */
  call(name: SeaFunction, ...args: readonly unknown[]): Promise<unknown> {
    return this.#ask('call', name, args);
  }

  /** Those of the writes that gun takes from a peer. */
  offer(...writes: readonly FieldWrite[]): Promise<readonly FieldWrite[]> {
    return this.#ask('offer', writes);
  }

  /** What gun holds for a soul. */
  dump(soul: string): Promise<readonly FieldWrite[]> {
    return this.#ask('dump', soul);
  }

  /** Makes an account. */
  create(alias: string, password: string): Promise<SeaAnswer> {
    return this.#ask('create', alias, password);
  }

  /** Logs in, and changes the password if there is another. */
  auth(alias: string, password: string, change?: string): Promise<SeaAnswer> {
    return this.#ask('auth', alias, password, change);
  }

  /** Puts as the user who is logged in. */
  put(owner: string, path: readonly string[], value: unknown, certificate?: string): Promise<SeaAnswer> {
    return this.#ask('put', owner, path, value, certificate);
  }

  /** Ends the process. */
  async end(): Promise<void> {
    await endProcess(this.#child, 'SIGKILL');
  }

  async #ask<Name extends keyof SeaOperations>(
    name: Name,
    ...args: Parameters<SeaOperations[Name]>
  ): Promise<Awaited<ReturnType<SeaOperations[Name]>>> {
    const request = (this.#requests += 1);
    this.#child.send({ request, name, args });
    const answer = await this.#answers.next(
      (news) => news.request === request,
      `${name} ${JSON.stringify(args[0] ?? null)}`,
    );
    if (answer.error !== undefined) throw new Error(`SEA: ${name}: ${answer.error}`);
    return answer.value as Awaited<ReturnType<SeaOperations[Name]>>;
  }
}
