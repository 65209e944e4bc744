/**
 * The load generator: all clients of a case in one process, told by messages of its parent what to do.
 */
import { runApp } from './apps.ts';
import { broadcast } from './broadcast.ts';
import { Client } from './client.ts';
import { get } from './gets.ts';
import { hammer } from './hammer.ts';
import type { ConnectTask, GroupState, LoadOperations, LoadReply, LoadRequest } from './operations.ts';
import { put, putWideNode } from './puts.ts';
import { putSigned, sign } from './signed.ts';
import { subscribe } from './subscribe.ts';
import { update } from './updates.ts';

/** Connections opened at once; more would overflow a relay's listen queue. */
const CONNECT_AT_ONCE = 50;

const groups = new Map<string, readonly Client[]>();

function clientsOf(group: string): readonly Client[] {
  return groups.get(group) ?? [];
}

async function connect({ group, url, count }: ConnectTask): Promise<number> {
  const startedAt = performance.now();
  const clients: Client[] = [];
  while (clients.length < count) {
    const next = Math.min(CONNECT_AT_ONCE, count - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: next }, () => Client.open(url)))));
  }
  groups.set(group, clients);
  return (performance.now() - startedAt) / 1000;
}

function inspect(clients: readonly Client[]): GroupState {
  const strays = clients.reduce((sum, client) => sum + client.strays, 0);
  for (const client of clients) client.strays = 0;
  return { strays, closed: clients.filter((client) => client.closed).length };
}

const operations: LoadOperations = {
  connect,
  disconnect: async ({ group }) => {
    for (const client of clientsOf(group)) client.close();
    groups.delete(group);
  },
  put: (task) => put(clientsOf(task.group), task),
  sign,
  putSigned: (task) => putSigned(clientsOf(task.group), task),
  update: (task) => update(clientsOf(task.group), task),
  putWideNode: (task) => putWideNode(clientsOf(task.group), task),
  get: (task) => get(clientsOf(task.group), task),
  subscribe: (task) => subscribe(clientsOf(task.group), task),
  broadcast: (task) => broadcast(clientsOf(task.writers), clientsOf(task.subscribers), task),
  hammer: (task) => hammer(clientsOf(task.group), task),
  app: runApp,
  inspect: async ({ group }) => inspect(clientsOf(group)),
};

async function answer({ request, operation, task }: LoadRequest): Promise<LoadReply> {
  try {
    return { request, result: await operations[operation](task as never) };
  } catch (error) {
    return { request, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on('message', (message: LoadRequest) => {
  void answer(message).then((reply) => process.send?.(reply));
});
process.once('disconnect', () => process.exit(0));
