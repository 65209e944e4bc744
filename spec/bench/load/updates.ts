/**
 * Updates of stored records, drawn at random. The last one of each record is remembered, so that gets can tell
 * right answers from wrong ones.
 */
import type { Client } from './client.ts';
import { randomSource } from './message-id.ts';
import type { RequestResult, UpdateTask } from './operations.ts';
import { readAcks } from './puts.ts';
import { putRecord, soulOf } from './records.ts';
import { runRequests } from './requests.ts';

interface Update {
  /** The number whose values the record took on. */
  readonly content: number;
  readonly state: number;
}

type Draws = Pick<UpdateTask, 'among' | 'hot' | 'hotPercent'>;

const SEED = 20_200_113;
/** Goes on from task to task: the same numbers again would meet what the task before left in the relay's cache. */
const nextRandom = randomSource(SEED);
const lastByRecord = new Map<number, Update>();
let updates = 0;

/** The number whose values a record holds: its own until it is updated. */
export function contentOf(record: number): number {
  return lastByRecord.get(record)?.content ?? record;
}

/** Draws records: some percent from a small set that is spread evenly over all, the others from all. */
export function drawFrom({ among, hot, hotPercent }: Draws, next: () => number): () => number {
  const distance = Math.floor(among / hot);
  return () => (next() % 100 < hotPercent ? (next() % hot) * distance : next() % among);
}

/** Updates records and counts the acks. */
export function update(clients: readonly Client[], task: UpdateTask): Promise<RequestResult> {
  const draw = drawFrom(task, nextRandom);
  const build = (id: string): string => {
    let state = Date.now();
    let record = draw();
    // Two updates of a record in one millisecond would tie, and half of them change nothing. Of few records all
    // may have been drawn in this one, so that time has to go on as well.
    for (; lastByRecord.get(record)?.state === state; state = Date.now()) record = draw();
    updates += 1;
    const content = task.among + updates;
    lastByRecord.set(record, { content, state });
    return putRecord(id, content, task.order, state, soulOf(record, task.order));
  };
  return runRequests(clients, { build, read: readAcks }, { ...task, first: 0, batch: 1 });
}
