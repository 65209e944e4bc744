import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import { stored, StoredKeeper } from '../../../lib/api/stored-keeper.ts';
import { limitsWith } from '../../../lib/base/limits.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { START_MS } from '../../support/fake-clock.ts';
import { heldBytes } from '../../support/garbage.ts';
import { SmallKeeper } from '../../support/small-keeper.ts';
import { openStore } from '../../support/small-store.ts';
import { Owners } from '../../support/storage-owners.ts';
import { settle } from '../../support/scripted-peer.ts';

describe('stored', () => {
  it('gives back after a reopening what was kept: nodes, and unsent writes in their order', async () => {
    const storage = new MemoryStorage();
    const first = stored(storage);
    await first.open();
    await Promise.all(['b', 'a', 'c'].map(async (id) => first.keepUnsent({ id, putJson: `{"${id}":{}}` })));
    await first.commit([writeOf('s', 'k', 5, 'kept')], true);
    first.dropUnsent('a');
    await first.close();
    const second = stored(storage);
    expect(await second.open()).to.deep.equal([
      { id: 'b', putJson: '{"b":{}}' },
      { id: 'c', putJson: '{"c":{}}' },
    ]);
    expect((await second.read('s', undefined)).get('k')?.json).to.equal('"kept"');
    await second.close();
  });

  it('reads later what another owner has left unsent', async () => {
    const storage = new MemoryStorage();
    const [one, two] = [stored(storage), stored(storage)];
    await one.open();
    expect(await two.open()).to.deep.equal([]);
    await one.keepUnsent({ id: 'a', putJson: '{}' });
    expect(await two.unsent!()).to.deep.equal([{ id: 'a', putJson: '{}' }]);
    two.dropUnsent('a');
    await two.commit([], true);
    expect(await two.unsent!()).to.deep.equal([]);
    await storage.close();
  });

  it('reads many unsent writes', async () => {
    const storage = new MemoryStorage();
    const keeper = stored(storage);
    await keeper.open();
    const ids = Array.from({ length: 700 }, (_, at) => String(at).padStart(4, '0'));
    await Promise.all(ids.map(async (id) => keeper.keepUnsent({ id, putJson: '{}' })));
    await keeper.close();
    expect((await stored(storage).open()).map(({ id }) => id)).to.deep.equal(ids);
    await storage.close();
  });

  it('does not mix them up with souls', async () => {
    const storage = new MemoryStorage();
    const keeper = stored(storage);
    await keeper.open();
    await keeper.commit(
      ['u/', 'u0', 'u/1'].map((soul) => writeOf(soul, 'u/', 5, 1)),
      true,
    );
    await keeper.close();
    expect(await stored(storage).open()).to.deep.equal([]);
    await storage.close();
  });

  it('says why a write cannot be kept', async () => {
    const storage = new MemoryStorage();
    const keeper = stored(storage);
    await keeper.open();
    await storage.close();
    const error = await Promise.resolve(keeper.keepUnsent({ id: 'a', putJson: '{}' })).catch(
      (reason: unknown) => reason,
    );
    expect((error as GraphError).code).to.equal('STORAGE_NOT_OPEN');
    expect(await keeper.commit([writeOf('s', 'k', 5, 1)], true)).to.deep.equal({
      ok: false,
      reason: 'storage failed, nothing was stored',
    });
    // Nobody is told of this one: at worst the write is sent once more.
    keeper.dropUnsent('a');
  });

  it('commits a write and that it is unsent at once, and all that waits together', async () => {
    const { keeper, storage } = await new SmallKeeper().open();
    const kept = keeper.keepUnsent({ id: 'a', putJson: '{}' });
    const puts = ['x', 'y', 'z'].map((key) => keeper.commit([writeOf('s', key, 5, 1)], true));
    await Promise.all([kept, ...puts]);
    expect(storage.commits.slice(1).map((changes) => changes.map(([key]) => key))).to.deep.equal([
      ['g/s\u0000x', 'g/s\u0000y', 'g/s\u0000z', 'u/a'],
    ]);
    await keeper.close();
  });

  it('does not write a set anew for each new item', async () => {
    const { keeper, storage } = await new SmallKeeper().open();
    await keeper.commit(
      Array.from({ length: 10_000 }, (_, item) => writeOf('set', `item${item}`, 5, item)),
      true,
    );
    await keeper.commit([writeOf('set', 'another', 5, 1)], true);
    expect(storage.commits.at(-1)).to.deep.equal([['g/set\u0000another', '5 1']]);
    await keeper.close();
  });

  it('reads of a large node what is meant alone', async () => {
    const { keeper, storage } = await new SmallKeeper().open();
    const names = ['a', 'b\ud83d', 'b😀', 'b～', 'b"', 'c'];
    await keeper.commit(
      [...names, ...Array.from({ length: 5000 }, (_, at) => `x${at}`)].map((key) => writeOf('s', key, 5, 1)),
      false,
    );
    const found = await keeper.read('s', { prefix: 'b' });
    expect([...found.keys()].toSorted()).to.deep.equal(names.slice(1, 5).toSorted());
    expect([...(await keeper.read('s', { to: 'b' })).keys()]).to.deep.equal(['a']);
    expect(storage.calls.next).to.be.lessThan(8);
    await keeper.close();
  });

  it('does not read again what was written lately', async () => {
    const { keeper, storage } = await new SmallKeeper().open();
    await keeper.commit([writeOf('s', 'k', 5, 1)], true);
    const before = storage.steps;
    await keeper.commit([writeOf('s', 'k', 6, 2)], true);
    expect((await keeper.read('s', 'k')).get('k')?.json).to.equal('2');
    expect(storage.steps - before).to.equal(1);
    await keeper.close();
  });

  it('takes no more memory the more it keeps', async () => {
    const storage = new Forgetful();
    const keeper = new StoredKeeper(storage, limitsWith({ cacheBytes: 1 << 20 }));
    await keeper.open();
    const load = async (name: string): Promise<void> => {
      for (let at = 0; at < 300; at += 1)
        await keeper.commit([writeOf(`${name}${at}`, 'k', 5, `${at}${'x'.repeat(50_000)}`)], true);
    };
    await load('first');
    const before = await heldBytes();
    await load('then');
    expect((await heldBytes()) - before).to.be.lessThan(2 << 20);
    await keeper.close();
  });

  it('opens nothing that others than apps have stored, nor other versions', async () => {
    const relays = await openStore();
    await relays.put([writeOf('s', 'k', 5, 1)]);
    await relays.writer.close();
    const other = new MemoryStorage();
    await other.open();
    await other.commit([['app', 'another version']]);
    for (const storage of [relays.memory, other]) {
      const error = await stored(storage)
        .open()
        .catch((reason: unknown) => reason);
      expect((error as GraphError).code).to.equal('STORAGE_UNREADABLE');
      // Nobody else could open it otherwise.
      const reading = Promise.resolve(storage.getText('app')).catch((reason: unknown) => reason);
      expect(((await reading) as GraphError).code).to.equal('STORAGE_NOT_OPEN');
    }
    expect(await relays.lines()).to.have.length(1);
  });
});

describe('stored with writes from the future', () => {
  it('keeps them over a restart until their time has come, and not longer', async () => {
    const first = await new SmallKeeper().open();
    await first.put([writeOf('s', 'k', START_MS + 50, 1), writeOf('s', 'l', START_MS + 90, 1)]);
    await first.keeper.close();
    expect(first.time.timerCount).to.equal(0);
    const second = await new SmallKeeper(first).open();
    expect(await second.lines(['s'])).to.deep.equal([]);
    second.time.advance(50);
    await second.idle();
    expect(second.matured.map(({ key }) => key)).to.deep.equal(['k']);
    second.time.advance(50);
    await second.idle();
    expect(second.storage.changes.filter(([, value]) => value === undefined)).to.have.length(2);
    await second.keeper.close();
    const third = await new SmallKeeper(second).open();
    expect(third.time.timerCount).to.equal(0);
    expect(await third.lines(['s'])).to.have.length(2);
    await third.keeper.close();
  });

  it('tries again after a second what could not be committed when its time came', async () => {
    const { keeper, storage, time, matured, ...app } = await new SmallKeeper().open();
    await keeper.commit([writeOf('s', 'k', START_MS + 50, 1)], false);
    storage.fails = (operation) => operation === 'commit';
    time.advance(50);
    await keeper.commit([], false);
    storage.fails = () => false;
    expect([matured.length, app.unsent.length]).to.deep.equal([0, 0]);
    time.advance(1000);
    await keeper.commit([], false);
    expect(matured).to.have.length(1);
    await keeper.close();
    expect((await keeper.commit([writeOf('s', 'other', 5, 1)], false)).ok).to.equal(false);
    expect(time.timerCount).to.equal(0);
  });
});

/** Holds keys and no values, so that what it is given can be forgotten. */
class Forgetful extends MemoryStorage {
  override commit(changes: Iterable<Change>): Promise<void> {
    return super.commit([...changes].map(([key]): Change => [key, '5 0']));
  }
}

async function pair(): Promise<{
  readonly owners: Owners;
  readonly keepers: ReturnType<typeof stored>[];
  readonly storage: MemoryStorage;
}> {
  const storage = new MemoryStorage();
  await storage.open();
  const owners = new Owners();
  const keepers = [stored(owners.join(storage)), stored(owners.join(storage))];
  for (const keeper of keepers) await keeper.open();
  return { owners, keepers, storage };
}

describe('stored with a shared storage', () => {
  it('never puts an older value in the place of a newer one, whoever knew what when', async () => {
    const { keepers, owners } = await pair();
    const [one, two] = [keepers[0]!, keepers[1]!];
    await one.commit([writeOf('s', 'k', 3, 'first')], true);
    owners.arrive();
    expect((await two.read('s', undefined)).get('k')?.json).to.equal('"first"');
    await one.commit([writeOf('s', 'k', 5, 'newest')], true);
    // The other one has not heard of it yet.
    expect(await two.commit([writeOf('s', 'k', 4, 'late')], true)).to.deep.equal({ ok: true, changed: [] });
    expect((await two.read('s', 'k')).get('k')?.json).to.equal('"newest"');
    owners.arrive();
    expect((await one.read('s', 'k')).get('k')?.json).to.equal('"newest"');
    for (const keeper of keepers) await keeper.close();
  });

  it('tells each owner what the others store, and reads it', async () => {
    const { keepers, owners } = await pair();
    const told: FieldWrite[] = [];
    keepers[1]!.onMatured((changed) => told.push(...changed));
    expect((await keepers[1]!.read('s', undefined)).size).to.equal(0);
    await keepers[0]!.commit([writeOf('s', 'k', 3, 'x'), writeOf('t', 'k', 3, 'y')], true);
    owners.arrive();
    expect(told.map(({ soul, key, json }) => `${soul} ${key} ${json}`)).to.deep.equal(['s k "x"', 't k "y"']);
    expect((await keepers[1]!.read('s', undefined)).get('k')?.json).to.equal('"x"');
    for (const keeper of keepers) await keeper.close();
  });

  it('keeps many writes of both at once', async () => {
    const { keepers, owners } = await pair();
    const commits = keepers.flatMap((keeper, at) =>
      Array.from({ length: 50 }, async (_, n) => keeper.commit([writeOf('s', `k${n}`, 3 + at, at)], true)),
    );
    await Promise.all(commits);
    owners.arrive();
    const found = await keepers[0]!.read('s', undefined);
    expect([...found.values()].map(({ json }) => json)).to.deep.equal(Array.from({ length: 50 }, () => '1'));
    for (const keeper of keepers) await keeper.close();
  });

  it('tells each owner when another one has left', async () => {
    const { keepers } = await pair();
    let left = 0;
    keepers[1]!.onLeft!(() => (left += 1));
    await keepers[0]!.close();
    expect(left).to.equal(1);
    await keepers[1]!.close();
  });

  it('lets a write from the future mature once for all', async () => {
    const { keepers, owners } = await pair();
    const alive = setInterval(() => owners.arrive(), 5);
    const told = keepers.map((keeper) => new Promise((resolve) => keeper.onMatured(resolve)));
    await keepers[0]!.commit([writeOf('s', 'k', Date.now() + 50, 1)], false);
    await Promise.all(told);
    clearInterval(alive);
    await settle();
    owners.arrive();
    expect((await keepers[1]!.read('s', 'k')).get('k')?.json).to.equal('1');
    for (const keeper of keepers) await keeper.close();
  });

  it('lets it mature though the owner that was given it has left', async () => {
    const { keepers, owners } = await pair();
    const alive = setInterval(() => owners.arrive(), 5);
    const told = new Promise<readonly FieldWrite[]>((resolve) => keepers[1]!.onMatured(resolve));
    await keepers[0]!.commit([writeOf('s', 'k', Date.now() + 50, 1)], false);
    await keepers[0]!.close();
    expect((await told).map(({ key }) => key)).to.deep.equal(['k']);
    clearInterval(alive);
    await keepers[1]!.close();
  });
});
