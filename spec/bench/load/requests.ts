/**
 * Keeps a number of requests in flight on each client for some time, then waits for the last answers.
 *
 * It begins and ends with nothing in flight, so CPU measured around it belongs to these requests and no others.
 */
import { deferred } from '../deferred.ts';
import { latencyOf } from '../report/statistics.ts';
import type { Client } from './client.ts';
import { messageId } from './message-id.ts';
import type { RequestResult } from './operations.ts';

const MS_PER_SECOND = 1000;

/** Where a reader of frames finds requests and leaves their answers. */
export interface Answers {
  /** The step of a request that waits for its answer; undefined for ids of others. */
  stepOf(id: string): number | undefined;
  /**
   * Ends a request; ids that wait for nothing are ignored.
   *
   * @param fault what is wrong with the answer; empty if nothing is
   */
  settle(id: string, fault: string): void;
}

/** A kind of request: how to write one, and how to find answers in what a relay sends. */
export interface RequestKind {
  build(id: string, step: number, client: Client): string;
  read(text: string, answers: Answers, client: Client): void;
}

/** How much of it. */
export interface RequestPlan {
  readonly first: number;
  readonly count: number;
  readonly seconds: number;
  readonly window: number;
  readonly batch: number;
  readonly patienceMs: number;
}

interface Pending {
  readonly step: number;
  readonly sentAt: number;
}

/** One client with its requests in flight. */
class Lane implements Answers {
  readonly client: Client;
  readonly waiting = new Map<string, Pending>();
  readonly #run: RequestRun;

  constructor(run: RequestRun, client: Client, kind: RequestKind) {
    this.#run = run;
    this.client = client;
    client.onText = (text) => {
      run.now = performance.now();
      kind.read(text, this, client);
      run.fill(this);
    };
  }

  stepOf(id: string): number | undefined {
    return this.waiting.get(id)?.step;
  }

  settle(id: string, fault: string): void {
    const pending = this.waiting.get(id);
    if (pending === undefined) return;
    this.waiting.delete(id);
    this.#run.count(pending.sentAt, fault);
  }
}

class RequestRun {
  now: number = performance.now();
  readonly #startedAt = this.now;
  readonly #plan: RequestPlan;
  readonly #kind: RequestKind;
  readonly #lanes: readonly Lane[];
  readonly #done = deferred<void>();
  readonly #latencies: number[] = [];
  #timer: NodeJS.Timeout;
  #open = true;
  #sent = 0;
  #answered = 0;
  #wrong = 0;
  #firstWrong = '';
  #lastAt = this.now;

  constructor(clients: readonly Client[], kind: RequestKind, plan: RequestPlan) {
    this.#plan = plan;
    this.#kind = kind;
    this.#timer = setTimeout(() => this.#close(), plan.seconds * MS_PER_SECOND);
    this.#lanes = clients.map((client) => new Lane(this, client, kind));
  }

  async finished(): Promise<RequestResult> {
    for (const lane of this.#lanes) this.fill(lane);
    await this.#done.promise;
    for (const { client } of this.#lanes) client.onText = client.countStray;
    return {
      sent: this.#sent,
      answered: this.#answered,
      wrong: this.#wrong,
      firstWrong: this.#firstWrong,
      seconds: (this.#lastAt - this.#startedAt) / MS_PER_SECOND,
      latency: latencyOf(this.#latencies),
    };
  }

  count(sentAt: number, fault: string): void {
    this.#answered += 1;
    this.#lastAt = this.now;
    this.#latencies.push(this.now - sentAt);
    if (fault === '') return;
    this.#wrong += 1;
    if (this.#firstWrong === '') this.#firstWrong = fault;
  }

  /** Sends what the window of a lane has room for. */
  fill(lane: Lane): void {
    if (this.#open && this.now - this.#startedAt > this.#plan.seconds * MS_PER_SECOND) this.#close();
    const { window, batch, count } = this.#plan;
    const texts: string[] = [];
    while (this.#open && lane.waiting.size + batch <= window) {
      texts.push(
        batch === 1
          ? this.#request(lane)
          : `[${Array.from({ length: batch }, () => this.#request(lane)).join(',')}]`,
      );
      if (this.#sent >= count) this.#close();
    }
    if (texts.length > 0) lane.client.sendAll(texts);
    else if (!this.#open) this.#endIfIdle();
  }

  #request(lane: Lane): string {
    const id = messageId();
    const step = this.#plan.first + this.#sent;
    this.#sent += 1;
    lane.waiting.set(id, { step, sentAt: this.now });
    return this.#kind.build(id, step, lane.client);
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#done.resolve(), this.#plan.patienceMs);
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#answered < this.#sent) return;
    clearTimeout(this.#timer);
    this.#done.resolve();
  }
}

/** Runs requests as planned. */
export function runRequests(
  clients: readonly Client[],
  kind: RequestKind,
  plan: RequestPlan,
): Promise<RequestResult> {
  return new RequestRun(clients, kind, plan).finished();
}
