import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import { foreignBody } from '../../support/log-bytes.ts';
import { authorOf, LOG_ID, logOf, plainOf, TOPIC } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';

function bytesOf(operations: readonly Operation[]): number {
  return operations.reduce((sum, { header, body }) => sum + header.bytes.length + (body?.length ?? 0), 0);
}

describe('store.log-store', () => {
  const log = logOf(authorOf(1), 12, () => undefined);
  let store: LoggedStore;

  before(async () => {
    store = await openLogged({ witnesses: false });
    for (const operation of [...log, ...logOf(authorOf(2), 2, () => undefined)]) await store.take(operation);
  });

  after(() => store.close());

  const name = namesOf(log[0]!);

  it('gives heads, and the state vector of a topic', async () => {
    expect((await store.logs.heads()).map(({ head }) => head.height)).to.have.members([11, 1]);
    const tips = await store.logs.tips(toHex(TOPIC));
    expect(tips.get(name.author)?.get(toHex(LOG_ID))).to.deep.equal({
      height: 11,
      id: log[11]!.header.id,
      side: undefined,
    });
    expect((await store.logs.tips('0'.repeat(64))).size).to.equal(0);
    expect(await store.logs.head({ author: '0'.repeat(64), log: name.log })).to.equal(undefined);
  });

  it('gives heads page by page, and those of one author', async () => {
    const first = await store.logs.headPage(undefined, undefined, 1);
    const second = await store.logs.headPage(undefined, first[0], 5);
    expect([...first, ...second]).to.deep.equal(await store.logs.heads());
    expect(await store.logs.headPage(undefined, second[0], 5)).to.deep.equal([]);
    const own = await store.logs.headPage(name.author, undefined, 5);
    expect(own.map(({ author, head }) => [author, head.height])).to.deep.equal([[name.author, 11]]);
    expect(await store.logs.headPage(name.author, own[0], 5)).to.deep.equal([]);
    expect(await store.logs.headPage('f'.repeat(64), undefined, 5)).to.deep.equal([]);
  });

  it('reads operations of a range, in order and no more than wanted', async () => {
    const sequences = async (after: number | undefined, until: number, most: number): Promise<number[]> =>
      (await store.logs.read('canonical', name, after, until, most)).map(({ sequence }) => sequence);
    expect(await sequences(undefined, Infinity, 100)).to.deep.equal(log.map((_, at) => at));
    expect(await sequences(3, 6, 100)).to.deep.equal([4, 5, 6]);
    expect(await sequences(undefined, Infinity, 2)).to.deep.equal([0, 1]);
    expect(await sequences(11, Infinity, 2)).to.deep.equal([]);
    expect(await store.logs.read('side', name, undefined, Infinity, 9)).to.deep.equal([]);
  });

  it('knows how much a branch has between two places without reading them', async () => {
    const { logs } = store;
    const whole = { operations: 12, bytes: bytesOf(log) };
    expect(await logs.size('canonical', name, undefined, Infinity)).to.deep.equal(whole);
    const middle = { operations: 3, bytes: bytesOf(log.slice(5, 8)) };
    expect(await logs.size('canonical', name, 4, 7)).to.deep.equal(middle);
    const nothing = { operations: 0, bytes: 0 };
    expect(await logs.size('canonical', name, 11, Infinity)).to.deep.equal(nothing);
    expect(await logs.size('side', name, undefined, Infinity)).to.deep.equal(nothing);
    expect(await logs.size('canonical', { ...name, log: '0'.repeat(64) }, 0, 9)).to.deep.equal(nothing);
  });

  it('reads fewer operations at once when they are large', async () => {
    const author = authorOf(3);
    const large = logOf(author, 4, (at) => foreignBody(new Uint8Array(600_000).fill(at)));
    for (const operation of large) await store.take(operation);
    const first = await store.logs.read('canonical', namesOf(large[0]!), undefined, Infinity, 100);
    expect(first.map(({ body }) => body)).to.deep.equal(large.slice(0, 2).map(({ body }) => body));
    const rest = await store.logs.read('canonical', namesOf(large[0]!), 1, Infinity, 100);
    expect(rest.map(({ sequence }) => sequence)).to.deep.equal([2, 3]);
    expect(plainOf((await store.logs.operation(namesOf(large[3]!).id))!)).to.deep.equal(large[3]);
  });

  it('gives one operation by its id', async () => {
    const { id } = namesOf(log[7]!);
    expect(plainOf((await store.logs.operation(id))!)).to.deep.equal(log[7]);
    expect(await store.logs.operation('0'.repeat(64))).to.equal(undefined);
    expect(await store.logs.idAt(name, 7)).to.equal(id);
    expect(await store.logs.idAt(name, 99)).to.equal(undefined);
    expect(await store.logs.evidence(name)).to.equal(undefined);
  });
});
