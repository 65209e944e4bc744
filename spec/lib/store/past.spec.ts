import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf } from '../../../lib/log/operation.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';

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

  it('has no place for names that are built in elsewhere', async () => {
    await store.take(operationAfter(authorOf(4), undefined, bodyOf([writeOf('odd', '__proto__', 1, 'x')])));
    const node = await store.past.get('odd', { at: 5 });
    expect(Object.entries(node!)).to.deep.equal([['__proto__', 'x']]);
  });
});
