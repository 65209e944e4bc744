/**
 * Puts of new records, acknowledged.
 */
import type { Client } from './client.ts';
import type { PutTask, RequestResult, WideNodeTask } from './operations.ts';
import { putRecord, putWideProperties } from './records.ts';
import { type Answers, type RequestKind, runRequests } from './requests.ts';

const REPLY_TO = '"@":"';
const ID_LENGTH = 9;
const WIDE_PROPERTIES_PER_PUT = 500;

/**
 * Finds the acks in a frame by their `@` without parsing it: nothing else that a relay sends to a writer holds
 * this text. A frame with a refusal is looked at closely.
 */
export function readAcks(text: string, answers: Answers): void {
  const fault = text.includes('"err"') ? text : '';
  let at = text.indexOf(REPLY_TO);
  while (at !== -1) {
    const start = at + REPLY_TO.length;
    answers.settle(text.slice(start, start + ID_LENGTH), fault);
    at = text.indexOf(REPLY_TO, start + ID_LENGTH);
  }
}

/** Puts new records and counts their acks. */
export function put(clients: readonly Client[], task: PutTask): Promise<RequestResult> {
  const kind: RequestKind = {
    build: (id, number) => putRecord(id, number, task.order, Date.now()),
    read: readAcks,
  };
  return runRequests(clients, kind, task);
}

/** Puts one node of very many properties. */
export function putWideNode(clients: readonly Client[], task: WideNodeTask): Promise<RequestResult> {
  const { properties, patienceMs } = task;
  const kind: RequestKind = {
    build: (id, step) => {
      const from = step * WIDE_PROPERTIES_PER_PUT;
      return putWideProperties(id, from, Math.min(from + WIDE_PROPERTIES_PER_PUT, properties), Date.now());
    },
    read: readAcks,
  };
  const count = Math.ceil(properties / WIDE_PROPERTIES_PER_PUT);
  return runRequests(clients.slice(0, 1), kind, {
    first: 0,
    count,
    seconds: patienceMs / 1000,
    window: 4,
    batch: 1,
    patienceMs,
  });
}
