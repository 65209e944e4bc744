import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { SeaChecker } from '../../../lib/sea/checker.ts';
import { gunNameOf, nameOf, readEntries, storeEntry } from '../../../lib/sea/person-table.ts';
import { SmallAccounts } from '../../support/small-accounts.ts';
import { AFTER_ALL, SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice, bob } = SEA_VECTORS.pairs;
const ROW = { owner: alice.pub, table: 'grant', person: bob.pub } as const;

describe('sea tables of persons', () => {
  it('name a path as gun does, and paths of several keys so that none is taken for another', () => {
    expect(nameOf('PUB', 'diary')).to.equal('diary~PUB');
    expect(gunNameOf('PUB', 'diary')).to.equal('diary~PUB');
    expect(nameOf('PUB', 'box/diary')).to.equal('box/diary~PUB');
    expect(gunNameOf('PUB', 'box/diary')).to.equal('diarybox~PUB');
  });

  it('give what was stored, in the order of the names that are asked for', async () => {
    const graph = new SmallAccounts();
    for (const path of ['one', 'two'])
      expect((await storeEntry(graph, alice, ROW, path, path)).ok).to.equal(true);
    const names = ['two', 'three', 'one'].map((path) => nameOf(alice.pub, path));
    expect(await readEntries(graph, ROW, new Set(names))).to.deep.equal(['two', 'one']);
    expect(await readEntries(graph, { ...ROW, table: 'trust' }, new Set(names))).to.deep.equal([]);
    expect(await readEntries(graph, { ...ROW, owner: bob.pub }, new Set(names))).to.deep.equal([]);
  });

  it('link to their rows from the account, in writes that a relay accepts', async () => {
    const graph = new SmallAccounts();
    await storeEntry(graph, alice, ROW, 'path', 'value');
    const account = `~${alice.pub}`;
    expect(graph.writes.map(({ soul, key }) => [soul, key])).to.deep.equal([
      [account, 'grant'],
      [`${account}/grant`, bob.pub],
      [`${account}/grant/${bob.pub}`, `path${account}`],
    ]);
    const checked = await new SeaChecker(DEFAULT_LIMITS).check(graph.writes, AFTER_ALL, () => undefined);
    expect(checked.ok).to.equal(true);
    graph.refusal = 'no';
    expect(await storeEntry(graph, alice, ROW, 'path', 'value')).to.deep.equal({ ok: false, reason: 'no' });
  });
});
