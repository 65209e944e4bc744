/**
 * One writer, many subscribers: counts what arrives, checks that all hold the last values at the end.
 */
import { deferred, pause } from '../deferred.ts';
import { latencyOf } from '../report/statistics.ts';
import type { Client } from './client.ts';
import { messageId } from './message-id.ts';
import type { BroadcastResult, BroadcastTask } from './operations.ts';

const MS_PER_SECOND = 1000;
/** Stands before each value and nowhere else in a frame, so that updates are found without parsing. */
const MARK = '^';
const DIGITS = 9;
/** How long nothing may arrive before the writer goes on regardless. */
const STALL_MS = 250;
const POLL_MS = 20;

function putUpdate(task: BroadcastTask, number: number): string {
  const key = `p${number % task.properties}`;
  const value = MARK + String(number).padStart(DIGITS, '0');
  const state = Date.now();
  return `{"#":"${messageId()}","put":{"${task.soul}":{"_":{"#":"${task.soul}",">":{"${key}":${state}}},"${key}":"${value}"}}}`;
}

/** What one subscriber holds: the number of the last update of each property. */
class Subscriber {
  readonly held: Int32Array;

  constructor(client: Client, run: BroadcastRun, properties: number) {
    this.held = new Int32Array(properties).fill(-1);
    client.onText = (text) => run.receive(this, text);
  }
}

class BroadcastRun {
  readonly #task: BroadcastTask;
  readonly #writer: Client;
  readonly #subscribers: readonly Subscriber[];
  readonly #startedAt = performance.now();
  readonly #sentAt: number[] = [];
  readonly #latencies: number[] = [];
  #deliveries = 0;
  #frames = 0;
  #wrong = 0;
  #lastAt = this.#startedAt;

  constructor(writer: Client, clients: readonly Client[], task: BroadcastTask) {
    this.#task = task;
    this.#writer = writer;
    writer.onText = () => {};
    this.#subscribers = clients.map((client) => new Subscriber(client, this, task.properties));
  }

  async run(): Promise<BroadcastResult> {
    await (this.#task.rate > 0 ? this.#sendPaced() : this.#sendSaturating());
    const behind = await this.#waitForLast();
    return {
      updates: this.#sentAt.length,
      deliveries: this.#deliveries,
      frames: this.#frames,
      seconds: (this.#lastAt - this.#startedAt) / MS_PER_SECOND,
      latency: latencyOf(this.#latencies),
      behind,
      wrong: this.#wrong,
    };
  }

  receive(subscriber: Subscriber, text: string): void {
    const now = performance.now();
    let at = text.indexOf(MARK);
    if (at === -1) return;
    this.#frames += 1;
    while (at !== -1) {
      this.#take(subscriber, Number(text.slice(at + 1, at + 1 + DIGITS)), now);
      at = text.indexOf(MARK, at + 1 + DIGITS);
    }
    if (this.#task.rate === 0) this.#fill(now);
  }

  #take({ held }: Subscriber, number: number, now: number): void {
    const { first, properties, rate } = this.#task;
    const position = number - first;
    // Also true for NaN: a value that is no number at all.
    if (!(position < this.#sentAt.length)) {
      this.#wrong += 1;
      return;
    }
    if (number <= held[number % properties]!) return;
    held[number % properties] = number;
    if (position < 0) return;
    this.#deliveries += 1;
    this.#lastAt = now;
    if (rate > 0) this.#latencies.push(now - this.#sentAt[position]!);
  }

  #send(count: number, now: number): void {
    const texts: string[] = [];
    for (let index = 0; index < count; index += 1) {
      texts.push(putUpdate(this.#task, this.#task.first + this.#sentAt.length));
      this.#sentAt.push(now);
    }
    this.#writer.sendAll(texts);
  }

  /** Lets the writer be a window ahead of what the subscribers have on average. */
  #fill(now: number): void {
    if (now - this.#startedAt > this.#task.seconds * MS_PER_SECOND) return;
    const arrived = Math.floor(this.#deliveries / this.#subscribers.length);
    const room = arrived + this.#task.window - this.#sentAt.length;
    if (room > 0) this.#send(room, now);
  }

  async #sendSaturating(): Promise<void> {
    const { seconds, window } = this.#task;
    this.#fill(performance.now());
    const stall = setInterval(() => {
      const now = performance.now();
      if (now - this.#lastAt > STALL_MS) this.#send(window, now);
    }, STALL_MS);
    await pause(seconds * MS_PER_SECOND);
    clearInterval(stall);
  }

  async #sendPaced(): Promise<void> {
    const { rate, seconds } = this.#task;
    const total = Math.round(rate * seconds);
    const finished = deferred<void>();
    const tick = (): void => {
      this.#send(1, performance.now());
      const sent = this.#sentAt.length;
      if (sent >= total) finished.resolve();
      else setTimeout(tick, this.#startedAt + (sent * MS_PER_SECOND) / rate - performance.now());
    };
    tick();
    await finished.promise;
  }

  #countBehind(): number {
    const { first, properties } = this.#task;
    const end = first + this.#sentAt.length;
    const from = Math.max(first, end - properties);
    const isBehind = ({ held }: Subscriber): boolean => {
      for (let number = from; number < end; number += 1)
        if (held[number % properties] !== number) return true;
      return false;
    };
    return this.#subscribers.filter(isBehind).length;
  }

  async #waitForLast(): Promise<number> {
    const giveUpAt = performance.now() + this.#task.patienceMs;
    while (this.#countBehind() > 0 && performance.now() < giveUpAt) await pause(POLL_MS);
    return this.#countBehind();
  }
}

/** Lets the first of some clients write and the subscribers receive. */
export async function broadcast(
  writers: readonly Client[],
  subscribers: readonly Client[],
  task: BroadcastTask,
): Promise<BroadcastResult> {
  const result = await new BroadcastRun(writers[0]!, subscribers, task).run();
  for (const client of [...writers, ...subscribers]) client.onText = client.countStray;
  return result;
}
