/**
 * Subscriptions: in Gun a get is one.
 */
import type { Client } from './client.ts';
import { messagesIn } from './messages.ts';
import type { SubscribeTask } from './operations.ts';
import { type RequestKind, runRequests } from './requests.ts';

/** Subscribes each client; any answer will do, empty ones too. */
export async function subscribe(clients: readonly Client[], task: SubscribeTask): Promise<number> {
  const numberByClient = new Map(clients.map((client, number) => [client, number]));
  const kind: RequestKind = {
    build: (id, _step, client) => {
      const soul = task.each ? `${task.soul}/${numberByClient.get(client)}` : task.soul;
      return `{"#":"${id}","get":{"#":"${soul}"}}`;
    },
    read: (text, answers) => {
      for (const reply of messagesIn(text)) answers.settle(reply['@'] ?? '', '');
    },
  };
  const count = clients.length;
  const { patienceMs } = task;
  // A window that never reopens: each client asks once.
  const once = { first: 0, count, seconds: patienceMs / 1000, window: 1, batch: 1, patienceMs };
  return (await runRequests(clients, kind, once)).answered;
}
