/** JSON of puts of many writes, in steps; apart from that of few because apps load nothing of it. */
import { nodeJsonSteps } from '../graph/node.ts';
import type { FieldWrite } from '../graph/write.ts';
import { joinNodes } from './codec.ts';

/** Writes that are gathered in one step. */
const STEP_WRITES = 1000;

/** What `putJsonOf` gives, in steps, of writes that stand together by their souls, as the bodies of operations have them. */
export function* putJsonSteps(writes: readonly FieldWrite[]): Generator<void, string, void> {
  const texts: string[] = [];
  for (let at = 0; at < writes.length;) {
    const { soul } = writes[at]!;
    const entries: [key: string, write: FieldWrite][] = [];
    for (; at < writes.length && writes[at]!.soul === soul; at += 1) {
      entries.push([writes[at]!.key, writes[at]!]);
      if ((at + 1) % STEP_WRITES === 0) yield;
    }
    texts.push(yield* nodeJsonSteps(soul, entries));
  }
  return joinNodes(texts);
}
