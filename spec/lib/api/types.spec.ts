/** Types are checked by the compiler: this file does not compile when they are wrong. */
import { expect } from 'chai';
import { createGraph } from '../../../lib/api/graph.ts';
import type { Reference } from '../../../lib/api/reference.ts';
import type { Input, ItemOf, SetOf, Snapshot } from '../../../lib/api/types.ts';
import type { Link } from '../../../lib/graph/value.ts';

interface Person {
  readonly name: string;
  readonly age: number;
  readonly boss: Person;
  readonly mood?: 'good' | 'bad';
}

interface Todo {
  readonly title: string;
  readonly done: boolean;
}

interface Schema {
  readonly people: SetOf<Person>;
  readonly todos: SetOf<Todo>;
  readonly settings: { readonly theme: string; readonly owner: Person };
}

/** Compiles when both types are the same: each can stand for the other. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;

/** Compiles for `true` alone. */
interface Claim<T extends true> {
  readonly holds: T;
}

/** A claim that compiled. */
function holds<T extends Claim<true>>(claim?: T, ...others: T[]): void {
  expect([claim, others]).to.deep.equal([undefined, []]);
}

describe('types of references', () => {
  it('follow the schema to any depth', () => {
    const graph = createGraph<Schema>();
    const name = graph.get('settings').get('owner').get('boss').get('name');
    holds<Claim<Same<typeof name, Reference<string>>>>();
    const ann = graph.get('people').get('ann');
    holds<Claim<Same<typeof ann, Reference<Person>>>>();
    // @ts-expect-error there is no such root
    graph.get('nothing');
    // @ts-expect-error there is no such key
    graph.get('settings').get('color');
    // @ts-expect-error a text has no keys
    graph.get('settings').get('theme').get('x');
  });

  it('read values, nodes with links in them, and deleted properties as null', () => {
    holds<Claim<Same<Snapshot<string>, string>>>();
    holds<Claim<Same<Snapshot<Todo>, { readonly title?: string | null; readonly done?: boolean | null }>>>();
    const person: Snapshot<Person> = { name: 'Ann', boss: { '#': 'bob' }, age: null };
    const boss: Link | null | undefined = person.boss;
    expect(boss).to.deep.equal({ '#': 'bob' });
    const mood: 'good' | 'bad' | null | undefined = person.mood;
    expect(mood).to.equal(undefined);
  });

  it('take parts of nodes, nested, linked or deleted', () => {
    const inputs: Input<Person>[] = [
      { name: 'Ann' },
      { boss: { boss: { age: 1 } } },
      { boss: { '#': 'bob' } },
      { boss: createGraph<Schema>().get('people').get('bob') },
      { age: null, mood: 'good' },
    ];
    expect(inputs.length).to.equal(5);
    // @ts-expect-error a name is a text
    const wrong: Input<Person> = { name: 1 };
    // @ts-expect-error there is no such mood
    const worse: Input<Person> = { boss: { mood: 'odd' } };
    expect([wrong, worse].length).to.equal(2);
  });

  it('know the members of sets', async () => {
    const graph = createGraph<Schema>();
    holds<Claim<Same<ItemOf<Schema['todos']>, Todo>>>();
    await graph.get('todos').set({ title: 'milk', done: false });
    // @ts-expect-error done is no text
    await graph.get('todos').set({ title: 'milk', done: 'no' });
    const { value } = await graph.get('todos').map().once();
    const titles: (string | null | undefined)[] = [...value!.values()].map(({ title }) => title);
    expect(titles).to.deep.equal(['milk', 'milk']);
    await graph.close();
  });

  it('are open without a schema, and never `never`', async () => {
    const graph = createGraph();
    await graph.get('anything').get('at').get('all').put('text');
    await graph.get('anything').put({ nested: { deeper: { number: 1 } } });
    const { value } = await graph.get('anything').get('at').get('all').once();
    const isText: boolean = value === 'text';
    expect(isText).to.equal(true);
    await graph.close();
  });
});
