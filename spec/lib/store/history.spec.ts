import { expect } from 'chai';
import * as fc from 'fast-check';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import { compareRank } from '../../../lib/log/prune.ts';
import { History } from '../../../lib/store/history.ts';
import { operationKey } from '../../../lib/store/log-keys.ts';
import { ODD_NAMES, seeded } from '../../support/arbitraries.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged } from '../../support/logged-store.ts';
import { lineOfField } from '../../support/naive-graph.ts';
import { scaled } from '../../torture/scale.ts';

const NAMES = ODD_NAMES.filter((name) => !/\p{Surrogate}/u.test(name));

const aWrite: fc.Arbitrary<FieldWrite> = fc
  .record({
    soul: fc.constantFrom(...NAMES.slice(0, 3)),
    key: fc.constantFrom(...NAMES),
    state: fc.constantFrom(-2, 0, 1, 1.5, 2, 3),
    value: fc.constantFrom<string | number>(1, 'x', 'y'),
  })
  .map(({ soul, key, state, value }) => writeOf(soul, key, state, value));

/** What wins of some writes up to a state, found the simple way. */
function winnersOf(writes: readonly FieldWrite[], soul: string, until: number): string[] {
  const winners = new Map<string, FieldWrite>();
  for (const write of writes) {
    if (write.soul !== soul || write.state > until) continue;
    const winner = winners.get(write.key);
    if (winner === undefined || compareRank(write, winner) > 0) winners.set(write.key, write);
  }
  return [...winners.values()].map(({ key, state, json }) => lineOfField(soul, key, state, json)).toSorted();
}

function isEarly({ header }: Operation): boolean {
  return header.sequence < 2;
}

describe('store.history', () => {
  it('knows at every time what the writes of all operations come to', async function () {
    this.timeout(scaled(60_000, 600_000));
    const logs = fc.array(
      fc.array(
        fc.uniqueArray(aWrite, {
          minLength: 1,
          maxLength: 4,
          selector: ({ soul, key }) => JSON.stringify([soul, key]),
        }),
        { maxLength: 5 },
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    await fc.assert(
      fc.asyncProperty(logs, fc.boolean(), async (bodies, prunes) => {
        const store = await openLogged({ witnesses: false });
        const writes: FieldWrite[] = [];
        for (const [author, ofLog] of bodies.entries()) {
          const log = logOf(authorOf(author + 1), ofLog.length, (at) => bodyOf(ofLog[at]!));
          const last = log.at(-1)?.header;
          if (prunes && last !== undefined && author === 0)
            log.push(operationAfter(authorOf(1), last, undefined, { prune: true }));
          else writes.push(...ofLog.flat());
          await Promise.all(log.map((operation) => store.take(operation)));
        }
        for (const soul of NAMES.slice(0, 3)) {
          for (const until of [-3, -2, 0, 1, 1.7, 9]) {
            const winners = await store.history.winners(soul, { until });
            const lines = [...winners.values()].map(({ key, state, json }) =>
              lineOfField(soul, key, state, json),
            );
            expect(lines.toSorted()).to.deep.equal(winnersOf(writes, soul, until));
          }
        }
        await store.close();
      }),
      seeded(scaled(30, 500)),
    );
  });

  it('gives one property, of the operations that count, and looks at no more than it may', async () => {
    const store = await openLogged({ witnesses: false });
    const log = logOf(authorOf(1), 3, (at) => bodyOf([writeOf('s', 'a', at, at), writeOf('s', 'b', at, at)]));
    for (const operation of log) await store.take(operation);
    const one = await store.history.winners('s', { until: 9, key: 'a' });
    expect([...one.keys()]).to.deep.equal(['a']);
    const latest = await store.history.winners('s', { until: 1, most: 1 });
    expect(latest.size).to.equal(0);
    const some = await store.history.winners('s', { until: 9, mostBytes: 1 });
    expect(some.get('a')).to.deep.include({ state: 2, id: toHex(log[2]!.header.id) });
    const others = [writeOf('s', 'c', 7, 'c'), writeOf('s', 'd', 0, 'd')];
    await store.take(operationAfter(authorOf(1), log[2]!.header, bodyOf([others[0]!])));
    await store.take(operationAfter(authorOf(2), undefined, bodyOf([others[1]!])));
    const bytes = [1, bodyOf([others[0]!]).length + 1, Infinity];
    const found = bytes.map((mostBytes) => store.history.winners('s', { until: 9, mostBytes }));
    const keys = (await Promise.all(found)).map((winners) => [...winners.keys()].toSorted().join(''));
    expect(keys).to.deep.equal(['c', 'abc', 'abcd']);
    const before = await store.history.winners('s', { until: 9, counts: isEarly });
    expect(before.get('b')).to.deep.include({ state: 1, id: toHex(log[1]!.header.id), kind: 'gun/put' });
    await store.close();
  });

  it('names what an author signed before what was witnessed, then the smaller id', async () => {
    const store = await openLogged({ witnesses: false });
    const body = bodyOf([writeOf('s', 'a', 1, 'x')]);
    const seen = [1, 2, 3, 4].map((author) =>
      operationAfter(authorOf(author), undefined, bodyOf([writeOf('s', 'a', 1, 'x')], 'gun/seen')),
    );
    for (const operation of seen) await store.take(operation);
    const [least] = seen.map((operation) => namesOf(operation).id).toSorted();
    expect((await store.history.winners('s', { until: 1 })).get('a')?.id).to.equal(least);
    const own = operationAfter(authorOf(9), undefined, body);
    await store.take(own);
    expect((await store.history.winners('s', { until: 1 })).get('a')?.id).to.equal(namesOf(own).id);
    await store.close();
  });

  it('says nothing that an author may not say, and nothing of what is gone', async () => {
    const memory = new MemoryStorage();
    const store = await openLogged({ witnesses: false, memory });
    const soul = `@${toHex(authorOf(2).publicKey)}/a`;
    const foreign = operationAfter(
      authorOf(1),
      undefined,
      bodyOf([writeOf(soul, 'a', 1, 1), writeOf('s', 'a', 1, 1)]),
    );
    await store.take(foreign);
    const history = new History(memory, store.logs);
    expect((await history.winners(soul, { until: 9 })).size).to.equal(0);
    await memory.commit([[operationKey(namesOf(foreign).id), undefined]]);
    expect((await history.winners('s', { until: 9 })).size).to.equal(0);
    await store.close();
  });

  it('is kept of what this node witnesses, and of its snapshots', async () => {
    const store = await openLogged({ snapshotAfter: 3 });
    for (let at = 0; at < 6; at += 1) {
      await store.small.put([writeOf('s', `k${at % 2}`, at + 1, at)]);
      await store.witness.flush();
    }
    const winners = await store.history.winners('s', { until: Infinity });
    expect([winners.size, winners.get('k0')?.state, winners.get('k1')?.state]).to.deep.equal([2, 5, 6]);
    expect(store.told.some(({ kind }) => kind === 'snapshot')).to.equal(true);
    await store.close();
  });

  it('reads what one operation says over many turns when that is much', async () => {
    const store = await openLogged({ witnesses: false });
    const many = Array.from({ length: 40_000 }, (_, at) => writeOf('s', `k${100_000 + at}`, 5, at));
    const [operation] = logOf(authorOf(1), 1, () => bodyOf(many));
    expect((await store.take(operation!)).ok).to.equal(true);
    let turns = 0;
    const counter = setInterval(() => (turns += 1), 0);
    const winners = await store.history.winners('s', { until: 9 });
    const writes = await store.history.writesOf(winners.values().next().value!);
    clearInterval(counter);
    expect([winners.size, writes?.length]).to.deep.equal([40_000, 40_000]);
    expect(turns).to.be.above(2);
    await store.close();
  });
});
