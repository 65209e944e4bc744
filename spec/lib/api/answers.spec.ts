import { expect } from 'chai';
import { answersTo } from '../../../lib/api/answers.ts';
import { MemoryKeeper } from '../../../lib/api/memory-keeper.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { Selector } from '../../../lib/graph/selector.ts';
import type { RawMessage } from '../../support/raw-peer.ts';

async function answers(
  writes: readonly FieldWrite[],
  selector: Partial<Selector> & Pick<Selector, 'soul'>,
  contentHash?: number,
): Promise<RawMessage[]> {
  const keeper = new MemoryKeeper(DEFAULT_LIMITS, Date.now);
  keeper.commit(writes, true);
  const texts = await answersTo(
    {
      kind: 'get',
      id: 'q',
      idJson: '"q"',
      listsPeers: false,
      replyTo: undefined,
      selector: { reverse: false, ...selector },
      contentHash,
      local: false,
    },
    keeper,
  );
  return texts.map((text) => JSON.parse(text) as RawMessage);
}

describe('answersTo', () => {
  const writes = [writeOf('s', 'a', 1, 1), writeOf('s', 'b', 2, 'x')];

  it('gives a node, a property or a range of them', async () => {
    const [whole, ...rest] = await answers(writes, { soul: 's' });
    expect(rest).to.deep.equal([]);
    expect(whole).to.deep.include({
      '@': 'q',
      put: { s: { _: { '#': 's', '>': { a: 1, b: 2 } }, a: 1, b: 'x' } },
    });
    const [one] = await answers(writes, { soul: 's', key: 'b' });
    expect(one?.put).to.deep.equal({ s: { _: { '#': 's', '>': { b: 2 } }, b: 'x' } });
    const [range] = await answers(writes, { soul: 's', key: { to: 'a' } });
    expect(range?.put?.['s']).to.include({ a: 1 }).and.not.have.property('b');
  });

  it('says that there is nothing, also for souls in a range', async () => {
    for (const selector of [{ soul: 'other' }, { soul: 's', key: 'c' }, { soul: { prefix: '' } }]) {
      const [said, ...rest] = await answers(writes, selector);
      expect([Object.keys(said!), said!['@'], rest]).to.deep.equal([['#', '@'], 'q', []]);
    }
  });

  it('is silent when the peer has the same', async () => {
    const [whole] = await answers(writes, { soul: 's' });
    expect(await answers(writes, { soul: 's' }, whole!['##'])).to.deep.equal([]);
    expect((await answers(writes, { soul: 's' }, 1)).length).to.equal(1);
  });

  it('gives much in bounded parts, of which each but the last names the next', async () => {
    const many = Array.from({ length: 4500 }, (_, at) => writeOf('s', `k${at}`, 1, at));
    const parts = await answers(many, { soul: 's' });
    expect(parts.map(({ '%': next }) => next)).to.deep.equal([parts[1]!['#'], parts[2]!['#'], undefined]);
    expect(parts.map(({ put }) => Object.keys(put!['s']!).length - 1)).to.deep.equal([2000, 2000, 500]);
    const long = Array.from({ length: 5 }, (_, at) => writeOf('s', `k${at}`, 1, 'x'.repeat(100_000)));
    expect(
      (await answers(long, { soul: 's' })).map(({ put }) => Object.keys(put!['s']!).length - 1),
    ).to.deep.equal([2, 2, 1]);
  });
});
