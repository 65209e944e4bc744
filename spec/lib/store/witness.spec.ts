import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { decodeDelta } from '../../../lib/store/delta-codec.ts';
import { markRange, placeKey } from '../../../lib/store/log-keys.ts';
import { pagesOf, replayLogs } from '../../../lib/store/replay.ts';
import { AT_ONCE_WRITES, WITNESS_WAIT_MS } from '../../../lib/store/witness.ts';
import { takeOne } from '../../../lib/sync/intake.ts';
import { FakeClock, START_MS } from '../../support/fake-clock.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';
import { NaiveGraph } from '../../support/naive-graph.ts';

/** What the store's own log witnesses, operation by operation. */
async function witnessed(
  store: LoggedStore,
): Promise<{ readonly kind: string; readonly writes: readonly FieldWrite[] }[]> {
  const found: { readonly kind: string; readonly writes: readonly FieldWrite[] }[] = [];
  for await (const page of pagesOf(store.logs, 'canonical', store.own.name)) {
    for (const { body } of page) {
      const delta = decodeDelta(body!);
      if (delta.ok && delta.value !== undefined) found.push(delta.value);
    }
  }
  return found;
}

async function marksIn(memory: MemoryStorage): Promise<number> {
  const cursor = memory.range(markRange());
  const found = await cursor.next(1000);
  await cursor.close();
  return found.length;
}

/** The graph that the logs of a store alone give. */
async function replayed(store: LoggedStore): Promise<string[]> {
  const fresh = await openLogged({ clock: store.small.time, witnesses: false });
  await replayLogs(store.logs, (request) => fresh.small.writer.submit(request));
  const lines = await fresh.small.lines();
  await fresh.close();
  return lines;
}

/** An operation of somebody else. */
function saidBy(author: number, ...writes: FieldWrite[]): Operation {
  return operationAfter(authorOf(author), undefined, bodyOf(writes));
}

const some = (count: number, state = 1): FieldWrite[] =>
  Array.from({ length: count }, (_, at) => writeOf(`s${at % 7}`, `k${at}`, state, `v${at}-${state}`));

/** Properties of one node. */
function someOf(soul: string, count: number): FieldWrite[] {
  return Array.from({ length: count }, (_, at) => writeOf(soul, `k${at}`, 1, at));
}

describe('store.witness', () => {
  it('signs the first write after a quiet time in its own commit', async () => {
    const store = await openLogged();
    for (const state of [1, 2]) {
      await store.small.put([writeOf('s', 'a', state, state)]);
      expect((await witnessed(store)).at(-1)).to.deep.equal({
        kind: 'gun/seen',
        writes: [writeOf('s', 'a', state, state)],
      });
      store.small.time.advance(WITNESS_WAIT_MS);
    }
    expect(await witnessed(store)).to.have.lengthOf(2);
    expect([await marksIn(store.small.memory), store.small.time.timerCount]).to.deep.equal([0, 0]);
    await store.close();
  });

  it('signs everything once, however many ask for that at a time', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('s', 'first', 1, 1)]);
    await store.small.put([writeOf('s', 'a', 1, 1)]);
    await Promise.all([store.witness.flush(), store.witness.flush(), store.witness.flush()]);
    expect((await witnessed(store)).map(({ writes }) => writes.map(({ key }) => key))).to.deep.equal([
      ['first'],
      ['a'],
    ]);
    await store.small.put([writeOf('s', 'b', 1, 1)]);
    await Promise.all([store.witness.flush(), store.witness.close()]);
    expect(await witnessed(store)).to.have.lengthOf(3);
    await store.close();
  });

  it('signs what follows within 100 ms as one operation, and the acknowledgement does not wait for it', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('s', 'first', 1, 1)]);
    await store.small.put([writeOf('s', 'a', 1, 1)]);
    await store.small.put([writeOf('s', 'a', 2, 2), writeOf('s', 'b', 1, 1)]);
    expect(await witnessed(store)).to.have.lengthOf(1);
    store.small.time.advance(WITNESS_WAIT_MS - 1);
    expect(await witnessed(store)).to.have.lengthOf(1);
    store.small.time.advance(1);
    await store.witness.flush();
    expect((await witnessed(store)).slice(1)).to.deep.equal([
      { kind: 'gun/seen', writes: [writeOf('s', 'a', 2, 2), writeOf('s', 'b', 1, 1)] },
    ]);
    expect(store.told).to.deep.equal([
      { kind: 'witnessed', writes: 1 },
      { kind: 'witnessed', writes: 3 },
    ]);
    expect(await marksIn(store.small.memory)).to.equal(0);
    expect(store.small.time.timerCount).to.equal(0);
    await store.close();
  });

  it('signs what fills an operation in the commit that brings it, whatever came before', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('s', 'first', 1, 1)]);
    await store.small.put(some(AT_ONCE_WRITES - 1));
    expect([await marksIn(store.small.memory), (await witnessed(store)).length]).to.deep.equal([1, 1]);
    await store.small.put(some(AT_ONCE_WRITES, 2));
    expect([await marksIn(store.small.memory), (await witnessed(store)).length]).to.deep.equal([1, 2]);
    expect((await witnessed(store))[1]!.writes).to.have.lengthOf(AT_ONCE_WRITES);
    await store.close();
  });

  it('witnesses only what changed the graph, and never what was signed', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('s', 'a', 5, 5)]);
    await store.witness.flush();
    await store.small.put([writeOf('s', 'a', 4, 4)]);
    const other = await openLogged();
    await takeOne(other.sync, new Uint8Array(0), new Uint8Array(0), undefined);
    for await (const [operation] of pagesOf(store.logs, 'canonical', store.own.name)) {
      const read = await store.logs.operation(operation!.id);
      expect(await other.take(read!)).to.deep.include({ ok: true, placement: 'append' });
    }
    expect(store.marks.size + other.marks.size).to.equal(0);
    await other.witness.flush();
    expect(await other.lines()).to.have.lengthOf(1);
    await store.close();
    await other.close();
  });

  it('leaves out what somebody else said while it waited', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('s', 'first', 1, 1)]);
    await store.small.put([writeOf('s', 'a', 1, 1), writeOf('s', 'b', 1, 1)]);
    await store.take(saidBy(1, writeOf('s', 'a', 1, 1), writeOf('s', 'b', 2, 1)));
    await store.witness.flush();
    expect((await witnessed(store)).flatMap(({ writes }) => writes)).to.deep.equal([
      writeOf('s', 'first', 1, 1),
      writeOf('s', 'b', 1, 1),
    ]);
    expect(await replayed(store)).to.deep.equal(await store.small.lines());
    await store.close();
  });

  it('leaves out what somebody else said in the commit that brings it', async () => {
    const store = await openLogged();
    const write = writeOf('s', 'a', 1, 1);
    const putting = store.small.put([write]);
    await store.take(saidBy(1, write));
    await putting;
    await store.witness.flush();
    expect(await witnessed(store)).to.deep.equal([]);
    await store.close();
  });

  it('witnesses after a kill only what no operation says by then', async () => {
    const memory = new MemoryStorage();
    const killed = await openLogged({ memory });
    await killed.small.put([writeOf('s', 'first', 1, 1)]);
    await killed.small.put([writeOf('s', 'a', 1, 1), writeOf('t', 'b', 1, 1)]);
    expect(await marksIn(memory)).to.equal(1);
    const store = await openLogged({ memory });
    await store.take(saidBy(1, writeOf('s', 'a', 1, 1)));
    await store.witness.flush();
    expect((await witnessed(store)).map(({ writes }) => writes)).to.deep.equal([
      [writeOf('s', 'first', 1, 1)],
      [writeOf('t', 'b', 1, 1)],
    ]);
    expect(await marksIn(memory)).to.equal(0);
    await store.close();
  });

  it('leaves a snapshot of too much out after a look at some of it', async () => {
    const store = await openLogged({ snapshotAfter: 75 });
    for (let state = 1; state <= 30; state += 1) await store.small.put(someOf(`s${state}`, 2500));
    await store.witness.flush();
    expect((await store.logs.head(store.own.name))!.height).to.be.above(75);
    expect(store.small.storage.calls.getText).to.be.within(50, 300);
    expect(store.told.some(({ kind }) => kind === 'snapshot')).to.equal(false);
    expect((await store.logs.head(store.own.name))!.first).to.equal(0);
    await store.close();
  });

  it('fills operations with what several commits bring, without waiting', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('s', 'first', 1, 1)]);
    for (let state = 1; state <= 5; state += 1) await store.small.put(some(120, state));
    await store.witness.flush();
    const [, ...operations] = await witnessed(store);
    expect(store.told.map((event) => event.kind === 'witnessed' && event.writes)).to.deep.equal([
      1, 480, 120,
    ]);
    expect(operations).to.have.lengthOf(2);
    expect(await replayed(store)).to.deep.equal(await store.small.lines());
    await store.close();
  });

  it('leaves out what no operation can carry', async () => {
    const store = await openLogged();
    await store.small.put([writeOf('s', '\ud800', 1, 1), writeOf('s', 'a', 1, 'x'.repeat(1024 * 1024))]);
    await store.small.put([writeOf('s', 'b', 1, 1)]);
    await store.witness.flush();
    expect((await witnessed(store)).flatMap(({ writes }) => writes)).to.deep.equal([writeOf('s', 'b', 1, 1)]);
    await store.small.put([writeOf('s', 'c', 1, '\udfff'), writeOf('s', 'd', 1, 'x'.repeat(1024 * 1024))]);
    expect(await marksIn(store.small.memory)).to.equal(1);
    await store.witness.flush();
    expect((await witnessed(store)).at(-1)!.writes).to.deep.equal([]);
    expect(await marksIn(store.small.memory)).to.equal(0);
    await store.close();
  });

  it('spreads what is too much over several operations', async () => {
    const store = await openLogged();
    const large = Array.from({ length: 5 }, (_, at) => writeOf('s', `k${at}`, 1, `${at}`.repeat(400_000)));
    await store.small.put(large);
    await store.witness.flush();
    const operations = await witnessed(store);
    expect(operations.length).to.be.within(2, 5);
    expect(operations.flatMap(({ writes }) => writes)).to.have.deep.members(large);
    await store.close();
  });

  it('loses nothing to a kill at any commit, and then the logs give the whole graph', async function () {
    this.timeout(60_000);
    const writes = [some(4), some(4, 2), some(9, 3), some(AT_ONCE_WRITES, 4)];
    for (let killedAt = 0; killedAt < 9; killedAt += 1) {
      for (const when of ['before', 'after'] as const) {
        const memory = new MemoryStorage();
        const store = await openLogged({ memory, snapshotAfter: 2 });
        let commits = 0;
        store.small.storage.hangs = (operation) => {
          if (operation !== 'commit') return undefined;
          commits += 1;
          return commits > killedAt ? when : undefined;
        };
        const acked: FieldWrite[] = [];
        const scenario = (async () => {
          for (const group of writes) {
            if ((await store.small.put(group)).ok) acked.push(...group);
            await store.witness.flush();
          }
        })();
        await Promise.race([scenario, untilHung(() => commits > killedAt)]);
        const again = await openLogged({ memory, clock: new FakeClock() });
        await again.witness.flush();
        const lines = await again.small.lines();
        for (const line of new NaiveGraph().putAll(acked).lines()) {
          // What was acked holds, or was overwritten by what was on its way.
          expect(
            lines.some((held) => held === line || isLater(held, line)),
            line,
          ).to.equal(true);
        }
        expect(await replayed(again)).to.deep.equal(lines);
        expect(await marksIn(memory)).to.equal(0);
        await again.close();
      }
    }
  });

  it('replaces its log by a snapshot of what still holds', async () => {
    const store = await openLogged({ snapshotAfter: 3 });
    const future = writeOf('later', 'k', START_MS + 1000, 'future');
    await store.small.put([...some(5), future]);
    for (let state = 2; state < 8; state += 1) {
      await store.small.put(some(3, state));
      await store.witness.flush();
    }
    const head = await store.logs.head(store.own.name);
    expect(head!.first).to.be.above(0);
    expect(head!.height - head!.first).to.be.below(5);
    expect(store.told.some(({ kind }) => kind === 'snapshot')).to.equal(true);
    expect(await replayed(store)).to.deep.equal(await store.small.lines());
    await store.close();
  });

  it('replaces its log at once when it is told that something of it is lost, and once', async () => {
    const memory = new MemoryStorage();
    const before = await openLogged({ memory });
    for (let state = 1; state < 4; state += 1) {
      await before.small.put(some(3, state));
      await before.witness.flush();
    }
    await before.close();
    const store = await openLogged({ memory });
    const { author, log } = store.own.name;
    await store.small.memory.commit([[placeKey('canonical', author, log, 1), undefined]]);
    store.witness.renew();
    store.witness.renew();
    await store.witness.flush();
    const head = await store.logs.head(store.own.name);
    expect([head!.first, head!.height]).to.deep.equal([3, 3]);
    expect(store.told.filter(({ kind }) => kind === 'snapshot')).to.have.lengthOf(1);
    expect(await replayed(store)).to.deep.equal(await store.small.lines());
    await store.close();
  });

  it('spreads a snapshot of many properties over itself and what follows it', async () => {
    const store = await openLogged({ snapshotAfter: 12 });
    const many = Array.from({ length: 5000 }, (_, at) => writeOf(`s${at % 7}`, `k${at}`, 1, at));
    for (let from = 0; from < many.length; from += 500) await store.small.put(many.slice(from, from + 500));
    await store.witness.flush();
    expect(store.told.some(({ kind }) => kind === 'snapshot')).to.equal(false);
    for (let state = 2; state < 6; state += 1) {
      await store.small.put([writeOf('s', 'k', state, state)]);
      await store.witness.flush();
    }
    expect(store.told.filter(({ kind }) => kind === 'snapshot')).to.have.lengthOf(1);
    const head = await store.logs.head(store.own.name);
    expect(head!.height - head!.first).to.be.within(6, 12);
    expect(await replayed(store)).to.deep.equal(await store.small.lines());
    await store.close();
  });

  it('tries again after a failure, and tells it', async () => {
    const store = await openLogged();
    await store.small.put(some(2));
    await store.small.put(some(2, 2));
    store.small.storage.fails = (operation) => operation === 'commit';
    await store.witness.flush();
    expect(store.told).to.have.lengthOf(2);
    expect(store.told[1]).to.include({ kind: 'witness-failed' });
    store.small.storage.fails = () => false;
    store.small.time.advance(1000);
    await store.witness.flush();
    expect(await replayed(store)).to.deep.equal(await store.small.lines());
    await store.close();
  });
});

/** Resolves in the turn after something became true; by then what could go on has. */
async function untilHung(isHung: () => boolean): Promise<void> {
  for (let turns = 0; turns < 400; turns += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (isHung() && turns > 200) return;
  }
}

function isLater(held: string, acked: string): boolean {
  const [soul, key, state] = JSON.parse(held) as [string, string, number];
  const [ackedSoul, ackedKey, ackedState] = JSON.parse(acked) as [string, string, number];
  return soul === ackedSoul && key === ackedKey && state > ackedState;
}
