import { nodeJsonSteps } from '../graph/node.ts';
import type { FieldWrite } from '../graph/write.ts';
import { joinNodes } from './codec.ts';

/** Writes that are gathered in one step. */
const STEP_WRITES = 1000;

/** `putJsonOf` in steps, for what is long; in a file of its own, as apps need no more than the other one. */
export function* putJsonSteps(writes: readonly FieldWrite[]): Generator<void, string, void> {
  const bySoul = new Map<string, [string, FieldWrite][]>();
  for (let at = 0; at < writes.length; at += 1) {
    if ((at + 1) % STEP_WRITES === 0) yield;
    const write = writes[at]!;
    const known = bySoul.get(write.soul) ?? [];
    bySoul.set(write.soul, known);
    known.push([write.key, write]);
  }
  const texts: string[] = [];
  for (const soul of Array.from(bySoul.keys()).toSorted())
    texts.push(yield* nodeJsonSteps(soul, bySoul.get(soul)!));
  return joinNodes(texts);
}
