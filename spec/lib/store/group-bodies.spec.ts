import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { Slices, type WaitingSteps } from '../../../lib/base/slices.ts';
import { GroupBodies } from '../../../lib/store/group-bodies.ts';
import { bodyKey, lackKey } from '../../../lib/store/log-keys.ts';
import { LogStore } from '../../../lib/store/log-store.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { authorOf, logOf } from '../../support/log-maker.ts';

const slices = new Slices({ schedule: setImmediate });
const place = { author: 'a'.repeat(64), log: 'b'.repeat(64), sequence: 0, id: 'c'.repeat(64) };
const lack = lackKey(place.author, place.log, place.sequence);

async function done<T>(steps: WaitingSteps<T>): Promise<T> {
  return slices.runWaiting(steps);
}

describe('store.group-bodies', () => {
  const [small, large] = [3, 5000].map((length) => logOf(authorOf(1), 1, () => new Uint8Array(length))[0]!);
  let storage: MemoryStorage;

  beforeEach(async () => {
    storage = new MemoryStorage();
    await storage.open();
  });

  it('keeps large ones apart, and finds those of the group and those that are stored', async () => {
    const changes: Change[] = [];
    const bodies = new GroupBodies(new LogStore(storage), changes);
    bodies.keep(place, small!);
    expect(changes).to.deep.equal([]);
    bodies.keep(place, large!);
    expect(changes).to.deep.equal([[bodyKey(place), large!.body]]);
    expect(await done(bodies.apart(place))).to.equal(large!.body);
    await storage.commit(changes);
    const next = new GroupBodies(new LogStore(storage), changes);
    expect(await done(next.apart(place))).to.deep.equal(large!.body);
    next.drop(place);
    expect(changes.at(-1)).to.deep.equal([bodyKey(place), undefined]);
  });

  it('remembers which operations came without, until they come', async () => {
    const changes: Change[] = [];
    const bodies = new GroupBodies(new LogStore(storage), changes);
    expect(await done(bodies.isLacking(place))).to.equal(false);
    const [none] = logOf(authorOf(1), 1, () => undefined);
    bodies.keep(place, none!);
    expect(changes).to.deep.equal([]);
    bodies.keep(place, { ...small!, body: undefined });
    expect(changes).to.deep.equal([[lack, place.id]]);
    await storage.commit(changes);
    const next = new GroupBodies(new LogStore(storage), changes);
    for (const some of [bodies, next]) {
      expect(await done(some.isLacking(place))).to.equal(true);
      expect(await done(some.isLacking({ ...place, id: 'd'.repeat(64) }))).to.equal(false);
      expect(await done(some.isLacking({ ...place, sequence: 1 }))).to.equal(false);
      some.found(place);
      expect(await done(some.isLacking(place))).to.equal(false);
      expect(changes.at(-1)).to.deep.equal([lack, undefined]);
    }
  });
});
