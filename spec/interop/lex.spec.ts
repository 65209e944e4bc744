import { expect } from 'chai';
import { useRelay } from '../support/interop-world.ts';
import { freshName, graphOf, type RawPeer } from '../support/raw-peer.ts';

const KEYS = ['a', 'ab', 'abc', 'b', 'bb', 'c', 'd'];
/** A value of 20 bytes for every key. */
const NODE = Object.fromEntries(KEYS.map((key) => [key, key.padEnd(20, '.')]));

describe('interop: LEX queries', function () {
  this.timeout(30_000);
  const shared = useRelay();
  let peer: RawPeer;
  let chat: string;

  beforeEach(async () => {
    peer = await shared.world.raw(shared.relay);
    chat = freshName('chat');
    for (const day of ['01', '02', '03']) await peer.put(graphOf(`${chat}/${day}`, NODE, 5));
  });

  async function keysOf(query: object): Promise<string[] | undefined> {
    const { put } = await peer.get({ '#': `${chat}/02`, ...query });
    const states = put?.[`${chat}/02`]?._['>'];
    return states && Object.keys(states);
  }

  for (const [what, query, keys] of [
    ['a prefix, which includes the name itself', { '.': { '*': 'a' }, '%': 1000 }, ['a', 'ab', 'abc']],
    ['an empty prefix', { '.': { '*': '' }, '%': 1000 }, KEYS],
    ['a prefix that nothing has', { '.': { '*': 'zz' }, '%': 1000 }, undefined],
    ['a range, bounds included', { '.': { '>': 'b', '<': 'c' }, '%': 1000 }, ['b', 'bb', 'c']],
    ['a lower bound', { '.': { '>': 'bb' }, '%': 1000 }, ['bb', 'c', 'd']],
    ['an upper bound', { '.': { '<': 'ab' }, '%': 1000 }, ['a', 'ab']],
    ['a prefix together with a bound', { '.': { '*': 'a', '>': 'ab' }, '%': 1000 }, ['ab', 'abc']],
    ['one exact name', { '.': { '=': 'b' } }, ['b']],
    ['a limit, with the item that crosses it', { '.': { '*': '' }, '%': 30 }, ['a', 'ab']],
    ['a limit from the end', { '.': { '*': '', '-': 1 }, '%': 30 }, ['c', 'd']],
    ['a limit on a whole node', { '%': 30 }, ['a', 'ab']],
    ['a limit above 100000', { '.': { '*': '' }, '%': 100_001 }, KEYS],
    ['no limit, which the relay then sets itself', { '.': { '*': '' } }, KEYS],
  ] as const) {
    it(`reads properties by ${what}`, async () => {
      expect(await keysOf(query)).to.deep.equal(keys);
    });
  }

  for (const [what, query, days] of [
    ['a prefix', { '*': '' }, ['01', '02', '03']],
    ['a prefix together with a bound', { '*': '', '>': '/02' }, ['02', '03']],
    ['a prefix with both bounds', { '*': '', '>': '/02', '<': '/02' }, ['02']],
    ['a range', { '>': '/01', '<': '/02' }, ['01', '02']],
    ['one exact name', { '=': '/03' }, ['03']],
  ] as const) {
    it(`reads nodes by ${what}`, async () => {
      // The names of this spec begin with the soul of its chat.
      const lex = Object.fromEntries(Object.entries(query).map(([sign, name]) => [sign, chat + name]));
      const { put } = await peer.get({ '#': lex, '%': 5000 });
      expect(Object.keys(put ?? {})).to.deep.equal(days.map((day) => `${chat}/${day}`));
      for (const read of Object.values(put ?? {})) expect(Object.keys(read._['>'])).to.deep.equal(KEYS);
    });
  }

  it('reads nodes from the end', async () => {
    const { put } = await peer.get({ '#': { '*': `${chat}/`, '-': 1 }, '%': 200 });
    expect(Object.keys(put ?? {})).to.deep.equal([`${chat}/02`, `${chat}/03`]);
    expect(Object.keys(put?.[`${chat}/02`]?._['>'] ?? {})).to.deep.equal(['bb', 'c', 'd']);
  });

  it('ends a read of nodes with the item that crosses the limit', async () => {
    const { put } = await peer.get({ '#': { '*': `${chat}/` }, '%': 150 });
    expect(Object.keys(put?.[`${chat}/01`]?._['>'] ?? {})).to.deep.equal(KEYS);
    expect(Object.keys(put?.[`${chat}/02`]?._['>'] ?? {})).to.deep.equal(['a']);
  });

  it('finds what was written a moment ago', async () => {
    await peer.put(graphOf(`${chat}/02`, { aa: 'fresh' }, 5));
    expect(await keysOf({ '.': { '*': 'a' }, '%': 1000 })).to.deep.equal(['a', 'aa', 'ab', 'abc']);
  });

  it('reads the store by an explicit bounded query only', async () => {
    const { put } = await peer.get({ '#': { '*': '' }, '%': 100 });
    const keys = Object.values(put ?? {}).flatMap((read) => Object.keys(read._['>']));
    expect(keys).to.have.length.within(5, 12);
  });

  it('gives an app all that matches a prefix', async () => {
    const gun = await shared.world.gun({ peers: [shared.relay] });
    const found = await gun.map([`${chat}/02`, { '.': { '*': 'a' } }]);
    await found.until(() => (found.byKey.size === 3 ? true : undefined), 'a, ab and abc');
    expect([...found.byKey.keys()].toSorted()).to.deep.equal(['a', 'ab', 'abc']);
  });

  it('gives an app all that matches the query of a map', async () => {
    const gun = await shared.world.gun({ peers: [shared.relay] });
    const found = await gun.map([`${chat}/02`], { '.': { '*': 'b' }, '%': 50_000 });
    await found.until(() => (found.byKey.size === 2 ? true : undefined), 'b and bb');
    expect([...found.byKey.keys()].toSorted()).to.deep.equal(['b', 'bb']);
  });
});
