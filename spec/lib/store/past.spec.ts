import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import type { Moment } from '../../../lib/store/past.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';

/** What is put, and operations of another author: of a node that is there in part, and alone in what they say. */
function histories(): { readonly writes: { readonly there: FieldWrite }; readonly all: Operation[] } {
  const [there, age] = [writeOf('mark', 'city', 2, 'Austin'), writeOf('mark', 'age', 2, 40)];
  const bodies = [[age, there], [writeOf('mark', 'name', 1.5, 'Other')], [writeOf('else', 'name', 4, 'x')]];
  const all = logOf(authorOf(2), bodies.length, (at) => bodyOf(bodies[at]!), { timestamp: 3000n });
  return { writes: { there }, all };
}

/** Who said what of the node, at a moment or by now. */
async function blamed({ past }: LoggedStore, at?: Moment): Promise<unknown[][]> {
  const found = await past.blame('mark', undefined, at);
  return found.map(({ key, value, state, said }) => [key, value, state, said?.id]);
}

describe('store.past', () => {
  let store: LoggedStore;
  /** Each says the name one millisecond after the other. */
  const log = logOf(authorOf(1), 3, (at) => bodyOf([writeOf('mark', 'name', at + 1, `Mark ${at}`)]));

  beforeEach(async () => {
    store = await openLogged({ witnesses: false });
    for (const operation of log) await store.take(operation);
  });

  afterEach(() => store.close());

  it('gives a node as it was at a time, by the states of its properties', async () => {
    expect(await store.past.get('mark', { at: 0.5 })).to.equal(undefined);
    expect({ ...(await store.past.get('mark', { at: 1 })) }).to.deep.equal({ name: 'Mark 0' });
    expect({ ...(await store.past.get('mark', { at: 2.9 })) }).to.deep.equal({ name: 'Mark 1' });
    expect({ ...(await store.past.get('mark', { at: Infinity })) }).to.deep.equal({ name: 'Mark 2' });
    expect(await store.past.get('nobody', { at: 5 })).to.equal(undefined);
  });

  it('gives a node as it was when an operation was made, without what came after that', async () => {
    const timestamp = 10_000n;
    const head = operationAfter(authorOf(2), undefined, bodyOf([writeOf('mark', 'city', 3, 'Austin')]), {
      timestamp,
    });
    const next = operationAfter(authorOf(2), head.header, bodyOf([writeOf('mark', 'city', 2, 'early')]), {
      timestamp: 20_000n,
    });
    const late = operationAfter(authorOf(3), undefined, bodyOf([writeOf('mark', 'age', 1, 5)]), {
      timestamp: 15_000n,
    });
    for (const operation of [head, next, late]) await store.take(operation);
    const at = async (operation: typeof head): Promise<object> => ({
      ...(await store.past.get('mark', { at: namesOf(operation).id })),
    });
    expect(await at(head)).to.deep.equal({ city: 'Austin', name: 'Mark 2' });
    expect(await at(late)).to.deep.equal({ age: 5, city: 'Austin', name: 'Mark 2' });
    expect(await at(next)).to.deep.equal({ age: 5, city: 'Austin', name: 'Mark 2' });
    expect(await store.past.get('mark', { at: 'ab'.repeat(32) })).to.equal(undefined);
    expect(await store.past.get('mark', { at: '../../x' })).to.equal(undefined);
    expect(await store.past.blame('mark', undefined, 'ab'.repeat(32))).to.deep.equal([]);
  });

  it('tells who wrote what the graph has, and what nobody signed', async () => {
    await store.small.put([writeOf('mark', 'name', 9, 'Unsigned'), writeOf('mark', 'age', 1, 5)]);
    const [age, name] = await store.past.blame('mark');
    expect(age).to.deep.equal({ key: 'age', value: 5, state: 1, said: undefined });
    expect(name).to.deep.include({ key: 'name', value: 'Unsigned', said: undefined });
    const [before, ...others] = await store.past.blame('mark', 'name', 2);
    expect(others).to.deep.equal([]);
    expect(before).to.deep.include({ value: 'Mark 1', state: 2 });
    expect(before!.said!.id).to.equal(namesOf(log[1]!).id);
    expect(await store.past.blame('mark', 'other')).to.deep.equal([]);
  });

  it('knows of bodies that come later what it knows of all others', async () => {
    const { writes, all } = histories();
    const [early, late] = [store, await openLogged({ witnesses: false })];
    for (const some of [early, late]) await some.small.put([writes.there]);
    for (const operation of all) await early.take(operation);
    for (const operation of [...log, ...all]) await late.take({ ...operation, body: undefined });
    expect((await late.past.blame('mark')).map(({ said }) => said)).to.deep.equal([undefined]);
    expect(await late.past.get('mark', { at: Infinity })).to.equal(undefined);
    // The newest first: what the others say has lost by then, and is known from histories alone.
    for (const operation of [...all, ...log].toReversed())
      expect(await late.take(operation)).to.deep.include({ ok: true, placement: 'filled' });
    const moments = [1, 2, 3, 4, Infinity, ...[...log, ...all].map((operation) => namesOf(operation).id)];
    for (const at of moments) {
      expect(await late.past.get('mark', { at })).to.deep.equal(await early.past.get('mark', { at }));
      expect(await blamed(late, at)).to.deep.equal(await blamed(early, at));
    }
    expect(await blamed(late)).to.deep.equal(await blamed(early));
    expect((await blamed(late, 2)).map(([key]) => key)).to.deep.equal(['age', 'city', 'name']);
    await late.close();
  });

  it('has no place for names that are built in elsewhere', async () => {
    await store.take(operationAfter(authorOf(4), undefined, bodyOf([writeOf('odd', '__proto__', 1, 'x')])));
    const node = await store.past.get('odd', { at: 5 });
    expect(Object.entries(node!)).to.deep.equal([['__proto__', 'x']]);
  });
});
