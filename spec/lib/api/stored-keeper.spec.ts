import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import { stored } from '../../../lib/api/stored-keeper.ts';
import { writeOf } from '../../../lib/graph/write.ts';

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
