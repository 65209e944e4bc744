import { expect } from 'chai';
import { namesOf } from '../../../lib/log/operation.ts';
import { operationsIn, operationsOf } from '../../../lib/store/log-walk.ts';
import { foreignBody, gathered } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged } from '../../support/logged-store.ts';

describe('store.log-walk', () => {
  it('gives a log in order, the canonical branch and then the other, from anywhere', async () => {
    const store = await openLogged({ witnesses: false });
    const log = logOf(authorOf(1), 300, foreignBody);
    const fork = operationAfter(authorOf(1), log[298]!.header, foreignBody('fork'));
    await Promise.all([...log, fork].map((operation) => store.take(operation)));
    const name = namesOf(log[0]!);
    const all = await gathered(operationsOf(store.logs, name));
    const sequences = all.map(({ sequence }) => sequence);
    expect(sequences).to.deep.equal([...log.map((_, at) => at), 299]);
    expect(all.slice(0, 10).map(({ body }) => body)).to.deep.equal(log.slice(0, 10).map(({ body }) => body));
    const some = await gathered(operationsIn(store.logs, 'canonical', name, { after: 255, until: 258 }));
    expect(some.map(({ sequence }) => sequence)).to.deep.equal([256, 257, 258]);
    await store.close();
  });

  it('has few bytes in memory at once', async () => {
    const store = await openLogged({ witnesses: false });
    const log = logOf(authorOf(1), 12, (at) => foreignBody(new Uint8Array(400_000).fill(at)));
    for (const operation of log) await store.take(operation);
    const { logs } = store;
    let most = 0;
    const watched = Object.create(logs, {
      read: {
        value: async (...args: Parameters<typeof logs.read>) => {
          const page = await logs.read(...args);
          most = Math.max(most, page.length);
          return page;
        },
      },
    }) as typeof logs;
    const bodies = await gathered(operationsOf(watched, namesOf(log[0]!)));
    expect(bodies.map(({ body }) => body!.at(-1))).to.deep.equal(log.map((_, at) => at));
    expect(most).to.equal(3);
    await store.close();
  });
});
