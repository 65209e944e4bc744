/**
 * Gets whose every answer is compared with what was written.
 */
import type { Client } from './client.ts';
import { type Message, messagesIn } from './messages.ts';
import type { GetTask, RequestResult, Subject } from './operations.ts';
import { WIDE_SOUL, isRecord, nameOf, soulOf, widePropertyOf } from './records.ts';
import { type Answers, type RequestKind, runRequests } from './requests.ts';
import { contentOf } from './updates.ts';

/** Steps through records in an order that no cache or file layout favours. */
const STRIDE = 104_729;

interface Question {
  readonly soul: string;
  readonly property?: string;
  readonly isRight: (node: Readonly<Record<string, unknown>>) => boolean;
}

const questions: Record<Subject, (number: number, task: GetTask) => Question> = {
  record: (number, { order }) => ({
    soul: soulOf(number, order),
    isRight: (node) => isRecord(node, contentOf(number)),
  }),
  name: (number, { order }) => ({
    soul: soulOf(number, order),
    property: 'name',
    isRight: (node) => node['name'] === nameOf(contentOf(number)),
  }),
  wide: (number) => ({
    soul: WIDE_SOUL,
    property: widePropertyOf(number),
    isRight: (node) => node[widePropertyOf(number)] === number,
  }),
  unknown: (number) => ({ soul: `nowhere/${soulOf(number, 'scattered')}`, isRight: () => false }),
};

function askedBy(task: GetTask, step: number): Question {
  return questions[task.subject]((step * STRIDE) % task.among, task);
}

function build(task: GetTask, id: string, step: number): string {
  const { soul, property } = askedBy(task, step);
  const key = property === undefined ? '' : `,".":"${property}"`;
  return `{"#":"${id}","get":{"#":"${soul}"${key}}}`;
}

/** An empty answer ends a get of an unknown soul only: where data exists, the real relay may send one beside it. */
function settleReply(task: GetTask, reply: Message, answers: Answers): void {
  const id = reply['@'];
  const step = id === undefined ? undefined : answers.stepOf(id);
  if (id === undefined || step === undefined) return;
  const { soul, isRight } = askedBy(task, step);
  const node = reply.put?.[soul];
  if (node !== undefined) answers.settle(id, isRight(node) ? '' : JSON.stringify(reply));
  else if (task.subject === 'unknown') answers.settle(id, 'put' in reply ? JSON.stringify(reply) : '');
}

/** Asks and checks. */
export function get(clients: readonly Client[], task: GetTask): Promise<RequestResult> {
  const kind: RequestKind = {
    build: (id, step) => build(task, id, step),
    read: (text, answers) => {
      for (const reply of messagesIn(text)) settleReply(task, reply, answers);
    },
  };
  return runRequests(clients, kind, { ...task, batch: 1 });
}
