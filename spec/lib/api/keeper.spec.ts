import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { latest, writesInPut, type GraphKeeper } from '../../../lib/api/keeper.ts';
import { putJsonOf } from '../../../lib/wire/put-json.ts';
import { MemoryKeeper } from '../../../lib/api/memory-keeper.ts';
import { stored } from '../../../lib/api/stored-keeper.ts';

const KEEPERS: readonly [name: string, create: () => GraphKeeper][] = [
  ['in memory', () => new MemoryKeeper(DEFAULT_LIMITS, Date.now)],
  ['in a storage', () => stored(new MemoryStorage())],
];

describe('latest', () => {
  it('is the greatest state of writes, or what was there', () => {
    const writes = [writeOf('s', 'a', 5, 1), writeOf('s', 'b', 7, 1)];
    expect([latest(writes, 3), latest(writes, 9), latest([], 1)]).to.deep.equal([7, 9, 1]);
  });
});

describe('writesInPut', () => {
  it('are those of a kept put, with what follows it in its message', () => {
    const writes = [writeOf('s', 'a', 5, 'x'), writeOf('t', 'b', 7, 1)];
    for (const rest of ['', ',"op":{"h":"x"}'])
      expect(writesInPut(putJsonOf(writes) + rest, DEFAULT_LIMITS)).to.deep.equal(writes);
  });

  it('are none of one that is damaged', () => {
    for (const damaged of ['', '{', '1', '{"s":1}', '{"s":{"_":{"#":"s",">":{"a":"x"}},"a":1}}'])
      expect(writesInPut(damaged, DEFAULT_LIMITS), damaged).to.equal(undefined);
  });
});

for (const [name, create] of KEEPERS) {
  describe(`keeper ${name}`, () => {
    let keeper: GraphKeeper;
    beforeEach(async () => {
      keeper = create();
      expect(await keeper.open()).to.deep.equal([]);
    });
    afterEach(() => keeper.close());

    async function fields(
      soul: string,
      names?: Parameters<GraphKeeper['read']>[1],
    ): Promise<Record<string, string>> {
      const found = await keeper.read(soul, names);
      return Object.fromEntries([...found].map(([key, { json }]) => [key, json]));
    }

    async function commit(isOwn: boolean, ...writes: readonly FieldWrite[]): Promise<string[]> {
      const outcome = await keeper.commit(writes, isOwn);
      if (!outcome.ok) throw new Error(outcome.reason);
      return outcome.changed.map(({ key, json }) => `${key} ${json}`);
    }

    it('merges by HAM and tells what won', async () => {
      expect(await commit(true, writeOf('s', 'a', 5, 'old'), writeOf('s', 'b', 5, 1))).to.deep.equal([
        'a "old"',
        'b 1',
      ]);
      expect(await commit(false, writeOf('s', 'a', 4, 'older'), writeOf('s', 'b', 6, 2))).to.deep.equal([
        'b 2',
      ]);
      expect(await fields('s')).to.deep.equal({ a: '"old"', b: '2' });
    });

    it('reads at least what is meant', async () => {
      keeper.hold('s');
      await commit(false, ...['a', 'ab', 'b'].map((key) => writeOf('s', key, 5, key)));
      expect(await fields('s', 'ab')).to.include({ ab: '"ab"' });
      expect(await fields('s', { prefix: 'a' })).to.include({ a: '"a"', ab: '"ab"' });
      expect(await fields('nobody')).to.deep.equal({});
      expect(await fields('s', 'nothing')).to.not.have.property('nothing');
    });

    it('takes own writes at once though their states run ahead of the clock', async () => {
      const state = Date.now() + 300;
      expect(await commit(true, writeOf('s', 'a', state, 1))).to.deep.equal(['a 1']);
      expect(await fields('s')).to.deep.equal({ a: '1' });
    });

    it('lets writes of others from the future wait, and tells when their time has come', async () => {
      keeper.hold('s');
      const matured = new Promise<readonly FieldWrite[]>((resolve) => keeper.onMatured(resolve));
      expect(
        await commit(false, writeOf('s', 'a', Date.now() + 60, 1), writeOf('s', 'b', 5, 2)),
      ).to.deep.equal(['b 2']);
      expect(await fields('s')).to.deep.equal({ b: '2' });
      // A timer of an idle app does not keep it alive, but this process has to wait for it.
      const alive = setInterval(() => undefined, 20);
      expect((await matured).map(({ key }) => key)).to.deep.equal(['a']);
      clearInterval(alive);
      expect(await fields('s')).to.deep.equal({ a: '1', b: '2' });
    });

    it('refuses a write that lies too far in the future, whole', async () => {
      const outcome = await keeper.commit(
        [writeOf('s', 'b', 5, 2), writeOf('s', 'a', Date.now() + 7e8, 1)],
        false,
      );
      expect(outcome.ok).to.equal(false);
      expect(await fields('s')).to.deep.equal({});
    });

    it('holds large nodes', async () => {
      const writes = Array.from({ length: 3000 }, (_, at) => writeOf('s', `k${at}`, 5, 'x'.repeat(300)));
      await commit(true, ...writes);
      expect(Object.keys(await fields('s')).length).to.equal(3000);
      expect(Object.keys(await fields('s', { prefix: 'k29' })).length).to.be.at.least(111);
    });
  });
}
