import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { ApartStorage } from '../../../lib/store/apart-storage.ts';
import {
  deferredKey,
  deferredRange,
  fieldKey,
  nodeKey,
  pieceKey,
  soulRange,
} from '../../../lib/store/keys.ts';
import { historyKey } from '../../../lib/store/history-record.ts';
import { headKey, headRange, operationKey } from '../../../lib/store/log-keys.ts';
import { utf8 } from '../../../lib/base/bytes.ts';

describe('store.apart-storage', () => {
  const ofGraph = [
    nodeKey('s'),
    fieldKey('s', 'k'),
    pieceKey('id', 1),
    deferredKey(5, 's', 'k'),
    historyKey('s', 5, 'ab'.repeat(32)),
  ];
  const ofLogs = [headKey('a', 'b'), operationKey('ab'.repeat(32))];
  let [logs, graph] = [new MemoryStorage(), new MemoryStorage()];
  let apart = new ApartStorage(logs, graph);

  beforeEach(async () => {
    [logs, graph] = [new MemoryStorage(), new MemoryStorage()];
    apart = new ApartStorage(logs, graph);
    for (const [storage, text] of [
      [logs, 'logs'],
      [graph, 'graph'],
    ] as const) {
      await storage.open();
      await storage.commit([...ofGraph, ...ofLogs].map((key) => [key, `${text} ${key}`]));
    }
    await apart.open();
  });

  it('has logs from one storage, and from the other the graph, what waits for its time, and histories', async () => {
    for (const [keys, text] of [
      [ofGraph, 'graph'],
      [ofLogs, 'logs'],
    ] as const) {
      for (const key of keys) {
        expect(await apart.getText(key)).to.equal(`${text} ${key}`);
        expect(await apart.getBytes(key)).to.deep.equal(utf8(`${text} ${key}`));
      }
      expect(await apart.getTexts(keys)).to.deep.equal(keys.map((key) => `${text} ${key}`));
    }
    expect(await apart.getTexts([ofLogs[0]!, ofGraph[0]!, 'x'])).to.deep.equal([
      `logs ${ofLogs[0]!}`,
      `graph ${ofGraph[0]!}`,
      undefined,
    ]);
    expect(await apart.getTexts([])).to.deep.equal([]);
    for (const [range, text] of [
      [soulRange({}), 'graph'],
      [deferredRange(), 'graph'],
      [headRange(), 'logs'],
    ] as const) {
      const cursor = apart.range(range);
      const entries = await cursor.next(10);
      await cursor.close();
      expect(entries).to.not.deep.equal([]);
      for (const [key, value] of entries) expect(value).to.equal(`${text} ${key}`);
    }
  });

  it('changes the graph apart, and refuses to change logs', async () => {
    await apart.commit([
      [ofGraph[0]!, 'new'],
      [ofGraph[1]!, undefined],
    ]);
    expect([await graph.getText(ofGraph[0]!), await graph.getText(ofGraph[1]!)]).to.deep.equal([
      'new',
      undefined,
    ]);
    expect(await logs.getText(ofGraph[0]!)).to.equal(`logs ${ofGraph[0]!}`);
    const error = await Promise.resolve()
      .then(() =>
        apart.commit([
          [ofGraph[2]!, 'x'],
          [ofLogs[0]!, 'x'],
        ]),
      )
      .catch((reason: unknown) => reason);
    expect((error as Error).cause).to.be.instanceOf(TypeError);
    expect(await graph.getText(ofGraph[2]!)).to.equal(`graph ${ofGraph[2]!}`);
    await apart.close();
    expect(await graph.getText(ofGraph[0]!)).to.equal('new');
  });
});
