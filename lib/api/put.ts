import type { GraphCore } from './core.ts';
import { assertPossible, type PutResult, type WriteOptions } from './delivery.ts';
import { InputWriter, type Place } from './input.ts';
import { linkOf } from './path-follower.ts';
import type { SignWrites } from './user-spaces.ts';
import { readOnce } from './observation.ts';
import { FieldView } from './views.ts';

/** How long a write waits for a peer to say which node a property links to already, in milliseconds. */
const LOOKUP_MS = 3000;

/** Writes what `fill` puts into one message. Its state is of the moment of the call, whatever has to be read. */
export async function putTo(
  core: GraphCore,
  options: WriteOptions,
  fill: (input: InputWriter) => Promise<void>,
  sign?: SignWrites,
  state: number = core.states.next(),
): Promise<PutResult> {
  assertPossible(core, options.until);
  await core.ready;
  core.assertUsable();
  options.signal?.throwIfAborted();
  const input = new InputWriter(state, (soul, key) => findLink(core, soul, key));
  await fill(input);
  return core.write(sign === undefined ? input.writes : await sign(input.writes), options);
}

/** The soul at a place, following links; where there is none yet, the one that a write would make. */
export async function linkedSoul(core: GraphCore, { soul, keys }: Place): Promise<string> {
  const input = new InputWriter(core.states.next(), (parent, key) => findLink(core, parent, key));
  return input.linked(soul, keys);
}

async function findLink(core: GraphCore, soul: string, key: string): Promise<string | undefined> {
  const here = await core.valueAt(soul, key);
  if (here !== undefined || core.isCutOff) return linkOf(here);
  await readOnce(core, (dirty) => new FieldView(core.live, soul, key, dirty), { timeout: LOOKUP_MS });
  return linkOf(await core.valueAt(soul, key));
}
