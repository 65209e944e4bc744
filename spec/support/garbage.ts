/** Makes the engine collect garbage now, so that specs can tell what is still held. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects everything nothing holds; weak references are cleared when it resolves. */
export async function collectGarbage(): Promise<void> {
  // A turn must pass before references that were read in it can die.
  await setImmediate();
  collect();
  await setImmediate();
  collect();
}

/** Bytes that live objects take, after a collection. */
export async function heldBytes(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().heapUsed;
}
