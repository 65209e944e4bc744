/**
 * Many clients write the same few properties. An oracle too simple to be wrong decides who must win; each
 * client's replica and the relay must end equal to it.
 */
import { pause } from '../deferred.ts';
import type { Client } from './client.ts';
import { messageId, randomSource } from './message-id.ts';
import { type Message, messagesIn } from './messages.ts';
import type { HammerResult, HammerTask } from './operations.ts';
import { type RequestKind, runRequests } from './requests.ts';

const POLL_MS = 20;
/** How far in the past the states lie, in milliseconds: no state may run ahead of the relay's clock. */
const AGE_MS = 600_000;
/** States are drawn from a range this wide: narrow enough for many ties. */
const STATE_RANGE = 1000;
/** Distance of the properties in one put; has no divisor in common with 100. */
const PROPERTY_STEP = 7;

interface Field {
  readonly state: number;
  readonly value: unknown;
}

/** A node merged by HAM: the later state wins, among equal states the greater JSON text. */
class Replica {
  readonly #fields = new Map<string, Field>();

  merge(key: string, { state, value }: Field): void {
    const held = this.#fields.get(key);
    const wins =
      held === undefined ||
      state > held.state ||
      (state === held.state && JSON.stringify(value) > JSON.stringify(held.value));
    if (wins) this.#fields.set(key, { state, value });
  }

  equals(other: Replica): boolean {
    if (this.#fields.size !== other.#fields.size) return false;
    for (const [key, { state, value }] of this.#fields) {
      const field = other.#fields.get(key);
      if (field?.state !== state || field.value !== value) return false;
    }
    return true;
  }
}

class Hammering {
  readonly oracle: Replica = new Replica();
  readonly #task: HammerTask;
  readonly #base = Date.now() - AGE_MS;
  readonly #random: () => number;
  readonly #replicas: Map<Client, Replica>;
  readonly #names: Map<Client, string>;

  constructor(clients: readonly Client[], task: HammerTask) {
    this.#task = task;
    this.#random = randomSource(task.seed);
    this.#replicas = new Map(clients.map((client) => [client, new Replica()]));
    this.#names = new Map(clients.map((client, index) => [client, `${task.soul}/writer${index}`]));
  }

  /** A put of some shared properties, and of a counter of its own that makes every put worth an ack. */
  build(id: string, step: number, client: Client): string {
    const { soul, properties, perPut } = this.#task;
    const states: Record<string, number> = {};
    const values: Record<string, unknown> = {};
    const start = this.#random();
    for (let index = 0; index < perPut; index += 1) {
      const key = `k${(start + index * PROPERTY_STEP) % properties}`;
      const field = { state: this.#state(step), value: this.#value() };
      states[key] = field.state;
      values[key] = field.value;
      this.oracle.merge(key, field);
      this.#replicas.get(client)?.merge(key, field);
    }
    const own = this.#names.get(client)!;
    const counter = { _: { '#': own, '>': { count: this.#base + step } }, count: step };
    return JSON.stringify({
      '#': id,
      put: { [soul]: { _: { '#': soul, '>': states }, ...values }, [own]: counter },
    });
  }

  /** Merges what a message tells about the shared node into the client's replica. */
  learn(message: Message, client: Client): void {
    const node = message.put?.[this.#task.soul];
    if (node === undefined) return;
    for (const [key, state] of Object.entries(node._['>'])) {
      this.#replicas.get(client)?.merge(key, { state, value: node[key] });
    }
  }

  countDiverged(): number {
    return [...this.#replicas.values()].filter((replica) => !replica.equals(this.oracle)).length;
  }

  #state(step: number): number {
    return this.#base + (this.#task.rising ? step : 0) + (this.#random() % STATE_RANGE);
  }

  #value(): unknown {
    const random = this.#random();
    return [random % 100, `text ${random % 100}`, random % 2 === 0, null][random % 4];
  }
}

async function until(condition: () => boolean, patienceMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + patienceMs;
  while (!condition() && performance.now() < giveUpAt) await pause(POLL_MS);
  return condition();
}

/** Asks the relay for the node and compares; a relay may answer in several parts. */
async function relayAgrees(client: Client, task: HammerTask, oracle: Replica): Promise<boolean> {
  const answer = new Replica();
  const id = messageId();
  client.onText = (text) => {
    for (const message of messagesIn(text)) {
      const node = message['@'] === id ? message.put?.[task.soul] : undefined;
      for (const [key, state] of Object.entries(node?._['>'] ?? {}))
        answer.merge(key, { state, value: node?.[key] });
    }
  };
  client.send(`{"#":"${id}","get":{"#":"${task.soul}"}}`);
  const agrees = await until(() => answer.equals(oracle), task.patienceMs);
  client.onText = client.countStray;
  return agrees;
}

/** Hammers; the clients must be subscribed to the node. */
export async function hammer(clients: readonly Client[], task: HammerTask): Promise<HammerResult> {
  const hammering = new Hammering(clients, task);
  const kind: RequestKind = {
    build: (id, step, client) => hammering.build(id, step, client),
    read: (text, answers, client) => {
      for (const message of messagesIn(text)) {
        if (message['@'] !== undefined) answers.settle(message['@'], message.err ?? '');
        hammering.learn(message, client);
      }
    },
  };
  const plan = { ...task, first: 0, count: Number.POSITIVE_INFINITY, batch: 1 };
  const { sent, answered, seconds } = await runRequests(clients, kind, plan);
  for (const client of clients) {
    client.onText = (text) => {
      for (const message of messagesIn(text)) hammering.learn(message, client);
    };
  }
  await until(() => hammering.countDiverged() === 0, task.patienceMs);
  const diverged = hammering.countDiverged();
  const agrees = await relayAgrees(clients[0]!, task, hammering.oracle);
  for (const client of clients) client.onText = client.countStray;
  return {
    merges: answered * (task.perPut + 1),
    sent,
    acked: answered,
    seconds,
    diverged,
    relayAgrees: agrees,
  };
}
