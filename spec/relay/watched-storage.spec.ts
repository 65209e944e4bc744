import { expect } from 'chai';
import { describeStorage } from '../../adapters/conformance/index.ts';
import { MemoryStorage } from '../../adapters/memory.ts';
import { WatchedStorage } from '../../relay/watched-storage.ts';
import { seed } from '../support/seed.ts';
import { FaultyStorage } from '../support/faulty-storage.ts';

describe('relay watched storage', () => {
  let now: number;
  let inner: FaultyStorage;
  let storage: WatchedStorage;

  beforeEach(async () => {
    now = 0;
    inner = new FaultyStorage(new MemoryStorage());
    storage = new WatchedStorage({ storage: inner, now: () => now });
    await storage.open();
  });

  afterEach(() => storage.close());

  async function fail(): Promise<void> {
    inner.fails = (operation) => operation === 'commit';
    const error = await storage.commit([['g/a', 'x']]).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
  }

  it('tells size and time of each commit that went through', async () => {
    const told: number[][] = [];
    storage.onCommit = (changes, ms) => told.push([changes, ms]);
    const hold = inner.hold('commit');
    const committing = storage.commit([
      ['g/a', '1'],
      ['g/b', '2'],
    ]);
    await hold.reached;
    now = 7;
    hold.release();
    await committing;
    await fail();
    expect(told).to.deep.equal([[2, 7]]);
    expect(storage.failures).to.equal(1);
  });

  it('takes writes until one fails, and again when one goes through', async () => {
    expect(await storage.takesWrites()).to.equal(true);
    await fail();
    expect(await storage.takesWrites()).to.equal(false);
    inner.fails = () => false;
    await storage.commit([['g/a', '1']]);
    expect(await storage.takesWrites()).to.equal(true);
  });

  it('tries a write that changes nothing when the last one failed, once a second', async () => {
    await fail();
    const { commit } = inner.calls;
    expect(await Promise.all([storage.takesWrites(), storage.takesWrites()])).to.deep.equal([false, false]);
    expect(inner.calls.commit).to.equal(commit + 1);
    inner.fails = () => false;
    now = 999;
    expect(await storage.takesWrites()).to.equal(false);
    now = 1000;
    expect(await storage.takesWrites()).to.equal(true);
    expect(inner.changes).to.deep.equal([['probe', undefined]]);
  });
});

describeStorage(
  { describe, it },
  'WatchedStorage',
  () => ({ storage: new WatchedStorage({ storage: new MemoryStorage(), now: () => 0 }) }),
  { supports: { persistent: false, snapshots: true }, seed },
);
