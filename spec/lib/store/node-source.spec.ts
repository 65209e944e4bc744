import { expect } from 'chai';
import * as fc from 'fast-check';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { runWithPauses } from '../../../lib/base/slices.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf } from '../../../lib/log/operation.ts';
import { encodeEntry, nodeKey } from '../../../lib/store/keys.ts';
import { historyRange, noteOf } from '../../../lib/store/history-record.ts';
import { witnessedChange, witnessedRange } from '../../../lib/store/log-keys.ts';
import { NodeRecordBuilder, sourceIn } from '../../../lib/store/node-record.ts';
import {
  idOfSource,
  markOfSource,
  markSource,
  NotesBySource,
  readNote,
  sourceChange,
  sourceText,
} from '../../../lib/store/node-source.ts';
import { replayLogs } from '../../../lib/store/replay.ts';
import { WITNESS_WAIT_MS } from '../../../lib/store/witness.ts';
import { seeded } from '../../support/arbitraries.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';
import { scaled } from '../../torture/scale.ts';

const ID = 'ab'.repeat(32);

function recordOf(source: string | undefined): string {
  const builder = new NodeRecordBuilder();
  builder.add('a', encodeEntry(2, '1'));
  builder.add('b', encodeEntry(7, '"x"'));
  return builder.build(source)!;
}

/** The notes in a node's history, and the one in its record. */
async function notesOf(
  store: LoggedStore,
  soul: string,
): Promise<[history: string[], source: string | undefined]> {
  const cursor = store.small.memory.range(historyRange(soul));
  const entries = await cursor.next(1000);
  await cursor.close();
  const source = sourceIn(await store.small.memory.getText(nodeKey(soul)));
  return [entries.map(([key, record]) => noteOf(key, record).shortId), source];
}

function shortIdOf(operation: Parameters<typeof namesOf>[0]): string {
  return idOfSource(namesOf(operation).id);
}

describe('store.node-source', () => {
  it('is noted in a record, and says what a note in the history would', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    await storage.commit([witnessedChange(9, ID)]);
    for (const [source, wereHere] of [
      [sourceText(ID, false), false],
      [sourceText(ID, true), true],
      [markSource(9), true],
    ] as const) {
      await storage.commit([[nodeKey('s'), recordOf(source)]]);
      const note = (await runWithPauses(readNote(storage, 's')))!;
      expect(ID.startsWith(note.shortId)).to.equal(true);
      expect(note.latest).to.equal(7);
      expect(note.states.map(([key, state, wasHere]) => [key, state, wasHere === 1])).to.deep.equal([
        ['a', 2, wereHere],
        ['b', 7, wereHere],
      ]);
      const fields = new Map([
        ['a', { state: 2, json: '1' }],
        ['b', { state: 7, json: '"x"' }],
      ]);
      const [key, record] = sourceChange('s', sourceText(ID, wereHere), fields) as [string, string];
      expect(noteOf(key, record)).to.deep.equal(note);
    }
    for (const record of [recordOf(undefined), recordOf(markSource(10)), undefined]) {
      await storage.commit([[nodeKey('s'), record]]);
      expect(await runWithPauses(readNote(storage, 's'))).to.equal(undefined);
    }
    expect([markOfSource(markSource(255)), markOfSource(sourceText(ID, true))]).to.deep.equal([
      255,
      undefined,
    ]);
  });

  it('takes its place among the notes of the history, or stands at its end', () => {
    const [first, source, last] = [9, 7, 5].map((latest) => ({ shortId: `${latest}`, latest, states: [] }));
    const between = new NotesBySource(source);
    expect(between.among([first!])).to.deep.equal([first]);
    expect(between.among([last!])).to.deep.equal([source, last]);
    expect(between.among([])).to.deep.equal([]);
    const atEnd = new NotesBySource(source);
    expect([...atEnd.among([first!]), ...atEnd.among([]), ...atEnd.among([])]).to.deep.equal([first, source]);
    expect(new NotesBySource(undefined).among([])).to.deep.equal([]);
  });

  it('is what says a whole node, until somebody else says something of it', async () => {
    const store = await openLogged({ witnesses: false });
    const log = logOf(authorOf(1), 3, (at) =>
      bodyOf([writeOf('s', 'a', at, at), ...(at === 2 ? [] : [writeOf('s', 'b', at, at)])]),
    );
    await store.take(log[0]!);
    expect(await notesOf(store, 's')).to.deep.equal([[], shortIdOf(log[0]!)]);
    await store.take(log[1]!);
    expect(await notesOf(store, 's')).to.deep.equal([[shortIdOf(log[0]!)], shortIdOf(log[1]!)]);
    await store.take(log[2]!);
    const all = log.map(shortIdOf);
    expect(await notesOf(store, 's')).to.deep.equal([all, undefined]);
    await store.close();
  });

  it('is none for what loses, for what comes with others, and for large nodes', async () => {
    const store = await openLogged({ witnesses: false });
    const wide = Array.from({ length: 40 }, (_, at) => writeOf('wide', `k${at}`, 1, at));
    const [one, other, third] = [
      operationAfter(authorOf(1), undefined, bodyOf([writeOf('s', 'a', 1, 1), ...wide])),
      operationAfter(authorOf(2), undefined, bodyOf([writeOf('s', 'b', 1, 1)])),
      operationAfter(authorOf(3), undefined, bodyOf([writeOf('s', 'b', 0, 1)])),
    ];
    await Promise.all([one, other, third].map((operation) => store.take(operation)));
    const [history, source] = await notesOf(store, 's');
    expect([history.toSorted(), source]).to.deep.equal([
      [one, other, third].map(shortIdOf).toSorted(),
      undefined,
    ]);
    expect(await notesOf(store, 'wide')).to.deep.equal([[shortIdOf(one)], undefined]);
    await store.close();
  });

  it('goes to the history of a node that outgrows its record', async () => {
    const store = await openLogged({ witnesses: false });
    const first = operationAfter(authorOf(1), undefined, bodyOf([writeOf('s', 'a', 1, 'x')]));
    await store.take(first);
    await store.small.put(Array.from({ length: 40 }, (_, at) => writeOf('s', `k${at}`, 1, at)));
    expect(await notesOf(store, 's')).to.deep.equal([[shortIdOf(first)], undefined]);
    const long = Array.from({ length: 3 }, (_, at) => writeOf('long', `k${at}`, 1, 'x'.repeat(2000)));
    const second = operationAfter(authorOf(2), undefined, bodyOf(long));
    await store.take(second);
    expect(await notesOf(store, 'long')).to.deep.equal([[shortIdOf(second)], undefined]);
    await store.close();
  });

  it('leaves nothing behind of an operation that was given up', async () => {
    const store = await openLogged({ witnesses: false });
    const first = operationAfter(authorOf(1), undefined, bodyOf([writeOf('s', 'a', 1, 'x')]));
    await store.take(first);
    await store.take(
      operationAfter(authorOf(1), first.header, bodyOf([writeOf('t', 'a', 1, 'x')]), { prune: true }),
    );
    expect((await store.history.winners('s', { until: 9 })).size).to.equal(0);
    await store.small.put([writeOf('s', 'a', 2, 'y')]);
    expect(await notesOf(store, 's')).to.deep.equal([[], undefined]);
    await store.close();
  });

  for (const together of [true, false]) {
    const when = together ? 'in one commit with it' : 'later';
    it(`leaves nothing behind of one of which a policy took a part, and that was given up ${when}`, async () => {
      const store = await openLogged({ witnesses: false });
      await store.small.put([writeOf('s', 'other', 1, 'x'), writeOf('t', 'other', 1, 'x')]);
      const taken = [writeOf('s', 'a', 1, 'x'), writeOf('t', 'a', 2, 'x'), writeOf('u', 'a', 2, 'x')];
      const refused = [writeOf('s', 'b', 5, 'x'), writeOf('t', 'b', 1, 'x'), writeOf('u', 'b', 9, 'x')];
      const first = operationAfter(authorOf(1), undefined, bodyOf([...taken, ...refused]));
      const point = operationAfter(authorOf(1), first.header, bodyOf([]), { prune: true });
      const placed = new Promise((settle) =>
        store.small.writer.submit({ writes: taken, operation: first, owner: 'p', settle }),
      );
      if (!together) await placed;
      const before = store.small.storage.commits.length;
      expect(await store.take(point)).to.deep.include({ ok: true, placement: 'append' });
      expect(store.small.storage.commits).to.have.lengthOf(before + 1);
      await store.small.put(['s', 't', 'u'].map((soul) => writeOf(soul, 'next', 3, 'y')));
      for (const soul of ['s', 't', 'u'])
        expect((await notesOf(store, soul))[0], soul).to.not.include(shortIdOf(first));
      await store.close();
    });
  }

  it('is a mark until that is witnessed, and then what witnessed it', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('first', 'a', 1, 1)]);
    await store.small.put([writeOf('s', 'a', 1, 1), writeOf('t', 'a', 1, 1)]);
    const [none, source] = await notesOf(store, 's');
    expect([none, markOfSource(source!)]).to.deep.equal([[], 2]);
    expect((await store.history.winners('s', { until: 9 })).size).to.equal(0);
    await store.witness.flush();
    const { id } = (await store.history.winners('s', { until: 9 })).get('a')!;
    expect(await notesOf(store, 's')).to.deep.equal([[], source]);
    await store.small.put([writeOf('s', 'a', 2, 2)]);
    const [noted, next] = await notesOf(store, 's');
    expect([noted, next === undefined]).to.deep.equal([[idOfSource(id)], false]);
    await store.witness.flush();
    const winners = await store.history.winners('s', { until: 1 });
    expect(winners.get('a')).to.deep.include({ id, state: 1 });
    await store.close();
  });

  it('is a number for what the commit signed that brought it, as that is shorter than an id', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('first', 'a', 1, 1)]);
    expect(await notesOf(store, 'first')).to.deep.equal([[], markSource(1)]);
    const { id } = (await store.history.winners('first', { until: 9 })).get('a')!;
    await store.small.put([writeOf('first', 'b', 1, 1)]);
    await store.witness.flush();
    const [noted, source] = await notesOf(store, 'first');
    expect([noted.includes(idOfSource(id)), noted.length, source]).to.deep.equal([true, 2, undefined]);
    await store.close();
  });

  it('is noted by the operation of its mark when the node changes before', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('first', 'a', 1, 1)]);
    await store.small.put([writeOf('s', 'a', 1, 1)]);
    await store.small.put([writeOf('s', 'b', 1, 1)]);
    expect(await notesOf(store, 's')).to.deep.equal([[], undefined]);
    await store.witness.flush();
    const winners = await store.history.winners('s', { until: 9 });
    expect([...winners.keys()]).to.deep.equal(['a', 'b']);
    expect(await notesOf(store, 's')).to.deep.equal([[idOfSource(winners.get('a')!.id)], undefined]);
    await store.close();
  });

  it('is noted by the operation that witnessed its mark also when the node changes in the very next commit', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('first', 'a', 1, 1)]);
    await store.small.put([writeOf('s', 'a', 1, 1)]);
    let next: Promise<unknown> | undefined;
    store.small.storage.fails = (operation) => {
      if (operation === 'commit') next ??= store.small.put([writeOf('s', 'b', 1, 1)]);
      return false;
    };
    await store.witness.flush();
    await next;
    await store.witness.flush();
    const winners = await store.history.winners('s', { until: 9 });
    expect([...winners.keys()]).to.have.members(['a', 'b']);
    await store.close();
  });

  it('leaves what every property has said by an operation, and no note of one that is gone', async function () {
    this.timeout(scaled(60_000, 600_000));
    const aPut = fc.array(
      fc.record({
        soul: fc.constantFrom('s', 't', 'u'),
        key: fc.constantFrom('a', 'b', '\u0001'),
        state: fc.integer({ min: 1, max: 9 }),
        value: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 1, maxLength: 5 },
    );
    const aStep = fc.oneof(
      { arbitrary: aPut, weight: 6 },
      fc.constantFrom('wait', 'flush', 'restart', 'kill', 'operation'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(aStep, { maxLength: 25 }), async (steps) => {
        let memory = new MemoryStorage();
        const clock = new FakeClock();
        const open = (): Promise<LoggedStore> => openLogged({ memory, clock, snapshotAfter: 4 });
        let store = await open();
        let author = 1;
        for (const step of steps) {
          if (Array.isArray(step)) {
            await store.small.put(
              step.map(({ soul, key, state, value }) => writeOf(soul, key, state, value)),
            );
          } else if (step === 'wait') clock.advance(WITNESS_WAIT_MS);
          else if (step === 'flush') await store.witness.flush();
          else if (step === 'operation') {
            await store.take(
              operationAfter(authorOf((author += 1)), undefined, bodyOf([writeOf('s', 'a', 5, author)])),
            );
          } else {
            if (step === 'restart') await store.close();
            else memory = await copyOf(memory);
            store = await open();
          }
        }
        await store.witness.flush();
        for (const soul of ['s', 't', 'u']) {
          for (const { key, said } of await store.past.blame(soul))
            expect([key, said !== undefined]).to.deep.equal([key, true]);
          for (const shortId of (await notesOf(store, soul))[0])
            expect(await store.logs.operationLike(shortId)).to.not.equal(undefined);
        }
        await store.close();
      }),
      seeded(scaled(60, 1000)),
    );
  });

  it('goes with the operations that a snapshot gives up', async () => {
    const store = await openLogged({ snapshotAfter: 3 });
    for (let at = 1; at < 12; at += 1) {
      await store.small.put([writeOf(`n${at}`, 'a', 1, at)]);
      await store.small.put([writeOf(`m${at}`, 'a', 1, at), writeOf('s', 'a', at, at)]);
      await store.witness.flush();
    }
    expect(store.told.some(({ kind }) => kind === 'snapshot')).to.equal(true);
    const cursor = store.small.memory.range(witnessedRange());
    const witnessed = await cursor.next(100);
    await cursor.close();
    const held = await Promise.all(witnessed.map(([, shortId]) => store.logs.operationLike(shortId)));
    // The last one of the snapshot stays: it tells which numbers are taken.
    expect(held.filter((found) => found === undefined).length).to.be.at.most(1);
    expect(held.length).to.be.below(8);
    await store.close();
  });

  it('comes back with a graph that was dropped, once', async () => {
    const store = await openLogged();
    const log = logOf(authorOf(1), 2, (at) =>
      bodyOf([writeOf('s', 'a', at, at), writeOf(`t${at}`, 'b', at, at)]),
    );
    for (const operation of log) await store.take(operation);
    await store.small.put([writeOf('u', 'a', 1, 1)]);
    await store.witness.flush();
    const souls = ['s', 't0', 't1', 'u'];
    const before = await Promise.all(souls.map((soul) => notesOf(store, soul)));
    const saidBefore = await Promise.all(souls.map((soul) => store.history.winners(soul, { until: 9 })));
    await store.close();
    const memory = new MemoryStorage();
    await memory.open();
    for (const change of await changesWithout(store.small.memory, souls)) await memory.commit([change]);
    const fresh = await openLogged({ memory });
    for (let time = 0; time < 2; time += 1) {
      await replayLogs(fresh.logs, (request) => fresh.small.writer.submit(request));
      const said = await Promise.all(souls.map((soul) => fresh.history.winners(soul, { until: 9 })));
      expect(said).to.deep.equal(saidBefore);
    }
    const after = await Promise.all(souls.map((soul) => notesOf(fresh, soul)));
    expect(after.map(([history]) => history)).to.deep.equal(before.map(([history]) => history));
    await fresh.close();
  });
});

/** A storage as a kill leaves it. */
async function copyOf(memory: MemoryStorage): Promise<MemoryStorage> {
  const copy = new MemoryStorage();
  await copy.open();
  await copy.commit(await changesWithout(memory, []));
  return copy;
}

/** Everything in a storage but the records of some nodes. */
async function changesWithout(memory: MemoryStorage, souls: readonly string[]): Promise<[string, string][]> {
  await memory.open();
  const keys = new Set(souls.map(nodeKey));
  const cursor = memory.range({ from: '', to: '\uffff' });
  const entries = await cursor.next(10_000);
  await cursor.close();
  return entries.filter(([key]) => !keys.has(key)).map(([key, value]) => [key, value]);
}
