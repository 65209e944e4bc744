/**
 * Puts of values that users signed before by gun's own SEA: each property once, in a user's own space.
 */
import { createRequire } from 'node:module';
import type { Client } from './client.ts';
import type { PutSignedTask, RequestResult, SignTask } from './operations.ts';
import { readAcks } from './puts.ts';
import { runRequests } from './requests.ts';

interface Pair {
  readonly pub: string;
}

/** As much of gun's SEA as signs. */
interface Sea {
  pair(): Promise<Pair>;
  sign(data: object, pair: Pair, done: null, options: object): Promise<{ readonly s: string }>;
}

/** The graph of each put, as JSON. */
const graphs: string[] = [];

/** Lets users sign values, and keeps the puts of them. */
export async function sign({ users, values }: SignTask): Promise<number> {
  const sea = createRequire(import.meta.url)('gun/sea.js') as Sea;
  const pairs = await Promise.all(Array.from({ length: users }, () => sea.pair()));
  for (let number = 0; number < values; number += 1) {
    graphs.push(await signedGraph(sea, pairs[number % users]!, number));
  }
  return graphs.length;
}

async function signedGraph(sea: Sea, pair: Pair, number: number): Promise<string> {
  const soul = `~${pair.pub}/bench/${number}`;
  const state = Date.now();
  const value = `value number ${number}`;
  const signed = { '#': soul, '.': 'name', ':': value, '>': state };
  const { s } = await sea.sign(signed, pair, null, { raw: 1 });
  const text = JSON.stringify({ ':': value, '~': s });
  return JSON.stringify({ [soul]: { _: { '#': soul, '>': { name: state } }, name: text } });
}

/** Puts signed values and counts their acks. */
export function putSigned(clients: readonly Client[], task: PutSignedTask): Promise<RequestResult> {
  const build = (id: string, number: number): string => `{"#":"${id}","put":${graphs[number]!}}`;
  return runRequests(clients, { build, read: readAcks }, { ...task, count: graphs.length - task.first });
}
