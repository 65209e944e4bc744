import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import { stored } from '../../../lib/api/stored-keeper.ts';
import type { Share } from '../../../lib/base/share.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { Storage } from '../../../lib/store/storage.ts';
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
});

/** Owners of one storage, whose news travel slowly. */
class Owners {
  readonly #listeners: ((text: string) => void)[][] = [];
  #last: Promise<unknown> = Promise.resolve();
  /** What was told and has not arrived. */
  readonly underway: (() => void)[] = [];

  join(storage: Storage): Storage & { readonly share: Share } {
    const mine: ((text: string) => void)[] = [];
    this.#listeners.push(mine);
    const share: Share = {
      exclusive: (task) => {
        const turn = this.#last.then(task);
        this.#last = turn.catch(() => undefined);
        return turn;
      },
      tell: (text) => {
        for (const listeners of this.#listeners) {
          if (listeners === mine) continue;
          this.underway.push(() => {
            for (const listener of listeners) listener(text);
          });
        }
      },
      listen: (listener) => void mine.push(listener),
      close: () => void mine.splice(0),
    };
    return new Proxy(storage, {
      get: (target, name) => {
        if (name === 'share') return share;
        // Each owner opens and closes for itself.
        if (name === 'open' || name === 'close') return async () => undefined;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    }) as Storage & { readonly share: Share };
  }

  arrive(): void {
    for (const deliver of this.underway.splice(0)) deliver();
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
});
