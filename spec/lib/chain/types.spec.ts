/** Behaviour of the types of chains: this file does not compile when they are wrong. */
import { expect } from 'chai';
import type { Chain } from '../../../lib/chain/chain.ts';
import type { Data } from '../../../lib/chain/types.ts';
import type { Link } from '../../../lib/graph/value.ts';
import { useChains } from '../../support/chains.ts';

interface Person {
  name: string;
  age?: number;
  boss: Person;
}

interface App {
  people: Record<string, Person>;
  settings: { theme: 'dark' | 'light' };
}

/** Compiles when both types are the same. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;

/** Compiles for `true` alone. */
interface Claim<T extends true> {
  readonly holds: T;
}

/** A claim that compiled. */
function holds<T extends Claim<true>>(claim?: T, ...others: T[]): void {
  expect([claim, others]).to.deep.equal([undefined, []]);
}

describe('types of chains', () => {
  const { Gun } = useChains();

  it('follow a schema, through keys, members and callbacks', async () => {
    const gun = Gun<App>();
    const theme = gun.get('settings').get('theme');
    holds<Claim<Same<typeof theme, Chain<'dark' | 'light'>>>>();
    const ann = gun.get('people').get('ann');
    holds<Claim<Same<typeof ann, Chain<Person>>>>();
    const boss = ann.get('boss').get('boss').get('name');
    holds<Claim<Same<typeof boss, Chain<string>>>>();
    const members = gun.get('people').map();
    holds<Claim<Same<typeof members, Chain<Person>>>>();
    ann.once((data, key) => {
      holds<Claim<Same<typeof key, string>>>();
      holds<Claim<Same<typeof data, Data<Person> | undefined>>>();
      if (data !== undefined) holds<Claim<Same<typeof data.boss, Link>>>();
    });
    theme.put('dark');
    ann.put({ name: 'Ann', boss: { name: 'Bob' } });
    ann.put(null);
    // @ts-expect-error a theme is one of two texts
    theme.put('blue');
    // @ts-expect-error a name is a text
    ann.put({ name: 1 });
    const name = await ann.get('name');
    holds<Claim<Same<typeof name, string | undefined>>>();
    await gun.close();
  });

  it('are no obstacle to apps without a schema', async () => {
    const gun = Gun();
    const chain = gun.get('a').get('b');
    holds<Claim<Same<typeof chain, Chain>>>();
    chain.on((data) => data.anything.at.all);
    chain.map().once((data, key) => [data.name, key.length]);
    chain.put({ any: { thing: 1 } });
    chain.set({ any: 'thing' }).get('x').put(1);
    chain.map((data) => (data.x === 1 ? data : undefined)).on((data) => data);
    await gun.close();
  });
});
