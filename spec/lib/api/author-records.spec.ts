import { expect } from 'chai';
import { AuthorRecords } from '../../../lib/api/author-records.ts';
import { MemoryKeeper } from '../../../lib/api/memory-keeper.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { SmallKeeper } from '../../support/small-keeper.ts';

const WRITES = [writeOf('s', 'k', 5, 'v')];

async function recordsOf(keeper: ConstructorParameters<typeof AuthorRecords>[0]): Promise<AuthorRecords> {
  const records = new AuthorRecords(keeper);
  await records.open();
  return records;
}

describe('AuthorRecords', () => {
  let app: SmallKeeper;

  beforeEach(async () => {
    app = await new SmallKeeper().open();
  });

  it('are in the storage of the graph, in one commit with what is written', async () => {
    const records = await recordsOf(app.keeper);
    expect(records.areStored).to.equal(true);
    const before = app.storage.commits.length;
    await records.commit(WRITES, async () => [['o/x', 'header']]);
    expect(app.storage.commits).to.have.lengthOf(before + 1);
    expect(app.storage.commits.at(-1)!.map(([key]) => key)).to.have.members(['g/s\u0000k', 'o/x']);
  });

  it('are in memory where the graph is', async () => {
    const records = await recordsOf(new MemoryKeeper(DEFAULT_LIMITS, () => 10));
    expect(records.areStored).to.equal(false);
    await records.commit([], async () => [
      ['a', '1'],
      ['b', '2'],
    ]);
    let found: unknown[] = [];
    await records.commit([], async (kept) => {
      found = [await kept.getText('a'), await kept.getText('b'), await kept.getText('c')];
      return [['a', undefined]];
    });
    expect(found).to.deep.equal(['1', '2', undefined]);
    await records.commit([], async (kept) => {
      found = [await kept.getText('a')];
      return [];
    });
    expect(found).to.deep.equal([undefined]);
  });

  it('change one after the other: each sees what those before made', async () => {
    const records = await recordsOf(app.keeper);
    await Promise.all(
      Array.from({ length: 20 }, () =>
        records.commit([], async (kept) => [['n', `${Number((await kept.getText('n')) ?? 0) + 1}`]]),
      ),
    );
    expect(await app.memory.getText('n')).to.equal('20');
  });

  for (const where of ['storage', 'memory']) {
    it(`and the graph stay as they are when the change cannot be made: in ${where}`, async () => {
      const keeper = where === 'storage' ? app.keeper : new MemoryKeeper(DEFAULT_LIMITS, () => 10);
      const records = await recordsOf(keeper);
      const fault = new Error('the key will not');
      const committing = records.commit(WRITES, () => Promise.reject(fault));
      expect(await committing.catch((error: unknown) => error)).to.equal(fault);
      expect((await keeper.read('s', undefined)).size).to.equal(0);
      expect(await records.commit(WRITES, async () => [])).to.have.property('ok', true);
      expect((await keeper.read('s', undefined)).size).to.equal(1);
    });
  }

  it('do not keep others from being committed whose change cannot be made', async () => {
    const records = await recordsOf(app.keeper);
    const failing = records.commit(WRITES, () => Promise.reject(new Error('no'))).catch(() => 'failed');
    const other = app.keeper.commit([writeOf('other', 'k', 5, 1)], false);
    expect([await failing, (await other).ok]).to.deep.equal(['failed', true]);
  });

  it('tell when the storage fails', async () => {
    const records = await recordsOf(app.keeper);
    app.storage.fails = (operation) => operation === 'commit';
    expect(await records.commit(WRITES, async () => [['o/x', '1']])).to.have.property('ok', false);
    app.storage.fails = () => false;
    expect(await app.memory.getText('o/x')).to.equal(undefined);
  });
});
