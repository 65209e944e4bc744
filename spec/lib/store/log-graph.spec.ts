import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { FaultyStorage } from '../../support/faulty-storage.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { START_MS } from '../../support/fake-clock.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged } from '../../support/logged-store.ts';
import { NaiveGraph } from '../../support/naive-graph.ts';
import { copyWithout, logGraphOf, removedNodes } from '../../support/rebuilding.ts';
import { storeLines } from '../../support/store-lines.ts';

const SAID = [writeOf('s', 'a', 1, 1), writeOf('t', 'a', 2, 2), writeOf('s', 'later', START_MS + 5, 5)];

describe('store.log-graph', () => {
  it('is what logs say, with who said it, and changes nothing of the store', async () => {
    const store = await openLogged({ witnesses: false });
    await store.take(operationAfter(authorOf(1), undefined, bodyOf(SAID)));
    await store.small.put([writeOf('s', 'a', 9, 'unsigned'), writeOf('u', 'a', 9, 'unsigned')]);
    const commits = store.small.storage.calls.commit;
    const told = await logGraphOf(store);
    expect(await storeLines(told.storage)).to.deep.equal(new NaiveGraph().putAll(SAID.slice(0, 2)).lines());
    const winners = await told.history.winners('s', { until: 9 });
    expect(winners.get('a')).to.deep.include({ state: 1, json: '1' });
    expect(await told.graph.readField('s', 'a')).to.deep.include({ state: 1, json: '1' });
    expect(store.small.storage.calls.commit).to.equal(commits);
    await store.close();
  });

  it('has what the graph may hold, and tells how much it may not', async () => {
    const store = await openLogged({ witnesses: false });
    await store.take(operationAfter(authorOf(1), undefined, bodyOf(SAID)));
    const seen: number[] = [];
    const told = await logGraphOf(store, {
      allow: async (writes, author) =>
        Promise.resolve(writes.filter(({ soul }) => soul === 't' && author.length === 64)),
      onProgress: (count) => seen.push(count),
    });
    expect(await storeLines(told.storage)).to.deep.equal(new NaiveGraph().putAll([SAID[1]!]).lines());
    expect(seen).to.deep.equal([1]);
    await store.close();
  });

  it('is told last what others say may be there or not', async () => {
    const store = await openLogged({ witnesses: false });
    for (const author of [1, 2, 3]) {
      const said = [writeOf(author === 2 ? 'last' : `s${author}`, 'a', author, author)];
      await store.take(operationAfter(authorOf(author), undefined, bodyOf(said)));
    }
    const asked: string[] = [];
    const told = await logGraphOf(store, {
      allow: (writes) => {
        asked.push(writes[0]!.soul);
        return writes;
      },
      isLater: ([write]) => write!.soul === 'last',
    });
    expect(asked.toSorted()).to.deep.equal(['last', 's1', 's3']);
    expect(asked.at(-1)).to.equal('last');
    expect(await storeLines(told.storage)).to.have.lengthOf(3);
    await store.close();
  });

  it('has nothing of logs that count for nothing, and what others say in their place', async () => {
    const store = await openLogged({ witnesses: false, policy: 'hide' });
    const log = logOf(authorOf(1), 600, (at) => bodyOf([writeOf('s', `k${at % 300}`, 5 + at, 'hidden')]));
    for (const operation of log) await store.take(operation);
    const others = [writeOf('s', 'k1', 2, 'other'), writeOf('s', 'k2', 9999, 'other')];
    await store.take(operationAfter(authorOf(2), undefined, bodyOf(others)));
    await store.take(operationAfter(authorOf(1), log[597]!.header, bodyOf([writeOf('t', 'a', 1, 'side')])));
    await store.hider.idle();
    const lines = new NaiveGraph().putAll(others).lines();
    expect(await store.small.lines()).to.deep.equal(lines);
    expect(await storeLines((await logGraphOf(store)).storage)).to.deep.equal(lines);
    await store.close();
    // A store in which nothing is hidden.
    const memory = await copyWithout(store.small.memory, (key) => key.startsWith('X/'));
    const shown = await openLogged({ memory, witnesses: false });
    expect(await storeLines((await logGraphOf(shown)).storage)).to.have.lengthOf(301);
    await shown.close();
  });

  it('takes long values of such logs out some at a time', async () => {
    const store = await openLogged({ witnesses: false, policy: 'hide' });
    const log = logOf(authorOf(1), 9, (at) => bodyOf([writeOf(`n${at}`, 'k', 5, 'x'.repeat(300_000))]));
    for (const operation of log) await store.take(operation);
    await store.take(operationAfter(authorOf(1), log[7]!.header, bodyOf([writeOf('t', 'a', 1, 'side')])));
    await store.hider.idle();
    const place = new FaultyStorage(new MemoryStorage());
    expect(await storeLines((await logGraphOf(store, {}, place)).storage)).to.deep.equal([]);
    const taken = place.commits.map((changes) => removedNodes(changes).length).filter((nodes) => nodes > 0);
    expect(taken).to.deep.equal([4, 4, 2]);
    await store.close();
  });
});
