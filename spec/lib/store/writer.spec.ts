import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { GraphError, relayError } from '../../../lib/base/errors.ts';
import { limitsWith } from '../../../lib/base/limits.ts';
import { Slices } from '../../../lib/base/slices.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { GraphStore } from '../../../lib/store/graph-store.ts';
import { deferredKey, deferredRange, fieldKey, nodeKey, soulRange } from '../../../lib/store/keys.ts';
import type { Change } from '../../../lib/store/storage.ts';
import type { PutOutcome } from '../../../lib/store/put-request.ts';
import { Writer } from '../../../lib/store/writer.ts';
import { FakeClock, START_MS } from '../../support/fake-clock.ts';
import { ImpatientSlices } from '../../support/impatient-slices.ts';
import { lineOfField, NaiveGraph } from '../../support/naive-graph.ts';
import { openStore, SmallStore, type SmallStoreOptions } from '../../support/small-store.ts';

/** A write in the past of the fake clock. */
function past(key: string, value: string | number = 'v', state = 1, soul = 's'): FieldWrite {
  return writeOf(soul, key, state, value);
}

/** A write some milliseconds in its future. */
function future(byMs: number, key = 'k', value = 'later'): FieldWrite {
  return writeOf('s', key, START_MS + byMs, value);
}

function linesOf(...writes: FieldWrite[]): string[] {
  return new NaiveGraph().putAll(writes).lines();
}

/** The changes of properties among all changes of a commit. */
function fieldsOf(changes: readonly Change[] = []): Change[] {
  const { from, to } = soulRange({});
  return changes.filter(([key]) => key >= from && key < to);
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await nextTurn();
}

/** Stops the next commit, so that what comes now shares the one after it. */
async function busy(store: SmallStore): Promise<{ end(): Promise<void> }> {
  const hold = store.storage.hold('commit');
  const put = store.put([past('busy', 'v', 1, 'busy')]);
  await hold.reached;
  return {
    async end(): Promise<void> {
      hold.release();
      await put;
    },
  };
}

function throwing(): never {
  throw new Error('listener');
}

describe('store Writer', () => {
  const stores: SmallStore[] = [];

  async function open(options: SmallStoreOptions = {}): Promise<SmallStore> {
    const store = await openStore(options);
    stores.push(store);
    return store;
  }

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });

  describe('acknowledges', () => {
    it('acknowledges after the commit, never before', async () => {
      const store = await open();
      const hold = store.storage.hold('commit', 'after');
      let outcome: PutOutcome | undefined;
      const put = store.put([past('k')]).then((settled) => (outcome = settled));
      await hold.reached;
      await turns(3);
      expect(await store.lines(), 'durable already').to.deep.equal(linesOf(past('k')));
      expect(outcome).to.equal(undefined);
      hold.release();
      await put;
      expect(outcome).to.deep.equal({ ok: true, changed: [past('k')] });
    });

    it('settles later than submit, also when it refuses', async () => {
      const store = await open({ limits: { waitingPuts: 0 } });
      let settled = false;
      const settle = (): void => {
        settled = true;
      };
      store.writer.submit({ writes: [], owner: undefined, settle });
      expect(settled).to.equal(false);
      await turns(2);
      expect(settled).to.equal(true);
    });

    it('settles writes that lose or change nothing without a commit', async () => {
      const store = await open();
      await store.put([past('k', 'v', 5)]);
      expect(store.storage.commits).to.have.length(1);
      for (const write of [past('k', 'v', 5), past('k', 'a', 5), past('k', 'z', 4)]) {
        expect(await store.put([write])).to.deep.equal({ ok: true, changed: [] });
      }
      expect(await store.put([])).to.deep.equal({ ok: true, changed: [] });
      expect(store.storage.calls.commit).to.equal(1);
    });

    it('keeps what it has when a request says the same in other words, now or later, one or many', async () => {
      const store = await open({
        saysTheSame: (_soul, _key, a, b) => a.json.toLowerCase() === b.json.toLowerCase(),
      });
      const many = Array.from({ length: 100 }, (_, at) => `k${at}`);
      await store.put(many.map((key) => past(key, 'TEXT')));
      for (const keys of [['k0'], many]) {
        const again = await store.put(keys.map((key) => past(key, 'text')));
        expect(again).to.deep.equal({ ok: true, changed: [] });
      }
      await store.put([future(5, 'k', 'TEXT')]);
      await store.put([future(5, 'k', 'text')]);
      store.time.advance(5);
      await store.writer.idle();
      expect(store.matured).to.deep.equal([future(5, 'k', 'TEXT')]);
    });

    it('tells of a request what won and what still holds at the end of its group', async () => {
      const store = await open();
      await store.put([past('old', 'v', 9)]);
      const group = await busy(store);
      const first = store.put([past('a', 'first', 1), past('b', 'first', 2), past('old', 'x', 1)]);
      const second = store.put([past('a', 'second', 2), past('b', 'second', 1)]);
      await group.end();
      expect(await first).to.deep.equal({ ok: true, changed: [past('b', 'first', 2)] });
      expect(await second).to.deep.equal({ ok: true, changed: [past('a', 'second', 2)] });
    });

    it('settles the requests of a group in the order they came', async () => {
      const store = await open({ limits: { futureMs: 10 } });
      const group = await busy(store);
      const order: number[] = [];
      const requests = [[past('a')], [future(99)], [], [past('a')], [past('b')]].map((writes, index) =>
        store.put(writes).then(() => order.push(index)),
      );
      await group.end();
      await Promise.all(requests);
      expect(order).to.deep.equal([0, 1, 2, 3, 4]);
    });
  });

  describe('commits in groups', () => {
    it('commits what arrived in one turn together', async () => {
      const store = await open();
      await Promise.all(['a', 'b', 'c'].map((key) => store.put([past(key)])));
      expect(store.storage.commits).to.have.length(1);
    });

    it('gives requests that arrive while a commit runs exactly one next commit', async () => {
      const store = await open();
      const group = await busy(store);
      const puts: Promise<PutOutcome>[] = [];
      for (const key of ['a', 'b', 'c', 'd']) {
        puts.push(store.put([past('k', 'v', 1, key)]));
        await turns(2);
      }
      expect(store.storage.calls.commit).to.equal(1);
      await group.end();
      await Promise.all(puts);
      expect(store.storage.commits.map((changes) => fieldsOf(changes).length)).to.deep.equal([1, 4]);
    });

    it('merges them in the order they came', async () => {
      const store = await open();
      const group = await busy(store);
      const writes = [past('k', 'a', 2), past('k', 'c', 1), past('k', 'b', 2), past('k', 'z', 1)];
      const puts = writes.map((write) => store.put([write]));
      await group.end();
      await Promise.all(puts);
      expect(fieldsOf(store.storage.commits[1])).to.have.length(1);
      expect((await store.graph.readField('s', 'k'))?.json).to.equal('"b"');
    });

    it('bounds a group in requests', async () => {
      const store = await open();
      const group = await busy(store);
      const puts = Array.from({ length: 2500 }, (_, index) => store.put([past('k', 'v', 1, `s${index}`)]));
      await group.end();
      await Promise.all(puts);
      expect(store.storage.commits.map((changes) => fieldsOf(changes).length)).to.deep.equal([
        1, 1000, 1000, 500,
      ]);
    });

    it('bounds a group in writes, but never cuts a request', async () => {
      const store = await open();
      const group = await busy(store);
      const keys = Array.from({ length: 6000 }, (_, index) => `k${index}`);
      const puts = ['a', 'b', 'c'].map((soul) => store.put(keys.map((key) => past(key, 'v', 1, soul))));
      await group.end();
      await Promise.all(puts);
      expect(store.storage.commits.map((changes) => fieldsOf(changes).length)).to.deep.equal([
        1, 12_002, 6001,
      ]);
    });

    it('lets others have a turn while groups change nothing', async () => {
      const store = await open();
      await store.put([past('k', 'v', 5)]);
      const turnsSeen = new Set<number>();
      let turn = 0;
      let counting: NodeJS.Immediate | undefined;
      const count = (): void => {
        turn += 1;
        counting = setImmediate(count);
      };
      count();
      const puts = Array.from({ length: 5000 }, () => store.put([past('k')]).then(() => turnsSeen.add(turn)));
      await Promise.all(puts);
      clearImmediate(counting);
      expect(turnsSeen.size).to.be.at.least(3);
      expect(store.storage.commits).to.have.length(1);
    });
  });

  describe('leaves the event loop to others', () => {
    const many = Array.from({ length: 20_000 }, (_, index) =>
      past(`k${index % 2000}`, index, 1, `s${index % 10}`),
    );

    /** Puts a huge request, with something done in each turn it takes; gives the turns. */
    async function putMany(store: SmallStore, slices: ImpatientSlices, onTurn: () => void): Promise<number> {
      slices.onTurn = onTurn;
      expect((await store.put(many)).ok).to.equal(true);
      return slices.turns;
    }

    it('takes many turns for a huge request, and gives the same as ever', async () => {
      const slices = new ImpatientSlices();
      const store = await open({ slices });
      expect(await putMany(store, slices, () => undefined)).to.be.greaterThan(100);
      expect(await store.lines()).to.deep.equal(linesOf(...many));
      expect(store.storage.calls.commit).to.equal(1);
    });

    it('takes no turn more for small ones', async () => {
      const slices = new Slices({ schedule: () => expect.fail('a turn more'), now: () => 0 });
      const store = await open({ slices });
      await Promise.all(many.slice(0, 500).map((write) => store.put([write])));
      expect(await store.lines()).to.deep.equal(linesOf(...many.slice(0, 500)));
    });

    it('shows all of it or nothing, in every turn', async () => {
      const slices = new ImpatientSlices();
      const store = await open({ slices });
      const seen = new Set<string>();
      await putMany(store, slices, () => {
        const ends = [many.at(-2000)!, many.at(-1)!].map(({ soul, key }) =>
          store.memory.getText(fieldKey(soul, key)),
        );
        seen.add(ends.map((record) => (record === undefined ? 'nothing' : 'all')).join());
      });
      expect([...seen]).to.deep.equal(['nothing,nothing', 'all,all']);
    });

    it('takes the requests of others meanwhile, and settles them in their order', async () => {
      const slices = new ImpatientSlices();
      const store = await open({ slices });
      const order: string[] = [];
      const puts: Promise<unknown>[] = [];
      const asked = (name: string): void => {
        puts.push(store.put([past(name, 'small', 2)]).then(({ ok }) => order.push(`${name} ${String(ok)}`)));
      };
      asked('before');
      await putMany(store, slices, () => {
        if (puts.length < 40) asked(`other${puts.length}`);
      }).then(() => order.push('huge'));
      await Promise.all(puts);
      const others = Array.from({ length: 39 }, (_, index) => `other${index + 1} true`);
      expect(order).to.deep.equal(['before true', 'huge', ...others]);
      const small = puts.map((_, index) => past(index === 0 ? 'before' : `other${index}`, 'small', 2));
      expect(await store.lines()).to.deep.equal(linesOf(...many, ...small));
    });

    it('refuses a huge request whole for one write in it', async () => {
      const slices = new ImpatientSlices();
      const store = await open({ slices, limits: { futureMs: 10, futureWritesPerPeer: 1 } });
      const reason = 'put["s"]["k"]: state is more than 10 ms in the future';
      expect(await store.put([...many, future(5), future(11)])).to.deep.equal({ ok: false, reason });
      expect((await store.put([...many, future(5), future(6, 'l')], 'p')).ok).to.equal(false);
      expect([await store.lines(), store.writer.deferredCount]).to.deep.equal([[], 0]);
      expect((await store.put([...many, future(5)], 'p')).ok).to.equal(true);
      expect(store.writer.deferredCount).to.equal(1);
    });

    it('forgets all of a huge request whose commit fails', async () => {
      const slices = new ImpatientSlices();
      const store = await open({ slices });
      const later = Array.from({ length: 1000 }, (_, index) => future(5, `k${index}`));
      store.storage.fails = (operation) => operation === 'commit';
      expect((await store.put([...many, ...later])).ok).to.equal(false);
      store.storage.fails = () => false;
      expect([await store.lines(), store.writer.deferredCount]).to.deep.equal([[], 0]);
      expect((await store.put([...many, ...later])).ok).to.equal(true);
      store.time.advance(5);
      await store.writer.idle();
      expect(await store.lines()).to.deep.equal(linesOf(...many, ...later));
    });
  });

  describe('refuses', () => {
    it('refuses a request whole and leaves the others of its group alone', async () => {
      const store = await open({ limits: { futureMs: 1000 } });
      const group = await busy(store);
      const good = store.put([past('a')]);
      const bad = store.put([past('b'), future(1), future(1001, 'far')], 'p');
      const last = store.put([past('c')]);
      await group.end();
      expect((await good).ok && (await last).ok).to.equal(true);
      expect(await bad).to.deep.equal({
        ok: false,
        reason: 'put["s"]["far"]: state is more than 1000 ms in the future',
      });
      expect(await store.lines()).to.deep.equal(linesOf(past('busy', 'v', 1, 'busy'), past('a'), past('c')));
      expect(store.writer.deferredCount).to.equal(0);
    });

    it('refuses requests beyond its waiting room', async () => {
      const store = await open({ limits: { waitingPuts: 2 } });
      const group = await busy(store);
      const puts = ['a', 'b', 'c'].map((key) => store.put([past(key)]));
      expect(await puts[2]).to.deep.equal({ ok: false, reason: 'too many writes are waiting' });
      await group.end();
      expect((await Promise.all(puts.slice(0, 2))).map(({ ok }) => ok)).to.deep.equal([true, true]);
      expect((await store.put([past('c')])).ok).to.equal(true);
    });

    it('refuses every request of a group whose commit fails, and goes on with the next', async () => {
      const store = await open();
      await store.put([past('k', 'old', 1)]);
      await store.graph.readNode('s');
      const group = await busy(store);
      const puts = [past('k', 'new', 2), past('fresh'), past('k', 'loses', 0)].map((write) =>
        store.put([write]),
      );
      store.storage.fails = (operation) => operation === 'commit';
      await group.end();
      for (const outcome of await Promise.all(puts)) {
        expect(outcome).to.deep.equal({ ok: false, reason: 'storage failed, nothing was stored' });
      }
      const before = linesOf(past('k', 'old', 1));
      expect(await store.cachedLines(['s'])).to.deep.equal(before);
      expect((await store.lines()).filter((line) => line.startsWith('["s"'))).to.deep.equal(before);
      expect(store.events.at(-1)).to.include({ kind: 'commit-failed', requests: 3 });
      store.storage.fails = () => false;
      expect(await store.put([past('k', 'new', 2)])).to.deep.equal({
        ok: true,
        changed: [past('k', 'new', 2)],
      });
      expect(await store.cachedLines(['s'])).to.deep.equal(linesOf(past('k', 'new', 2)));
    });

    it('tells those who asked when the disk is full, and when the store is damaged', async () => {
      const store = await open();
      store.storage.fails = (operation) => operation === 'commit';
      const reasons: [failure: GraphError, reason: string][] = [
        [new GraphError('STORAGE_FULL'), 'the disk is full, nothing was stored'],
        [relayError('STORAGE_DAMAGED'), 'the store is damaged and read-only'],
      ];
      for (const [failure, reason] of reasons) {
        store.storage.failure = () => failure;
        expect(await store.put([past('k')])).to.deep.equal({ ok: false, reason });
      }
    });

    it('refuses a group whose stored entries cannot be read', async () => {
      const store = await open();
      for (const late of [false, true]) {
        store.storage.late = late;
        store.storage.fails = (operation) => operation === 'getTexts';
        expect((await store.put([past('k')])).ok).to.equal(false);
      }
      store.storage.fails = () => false;
      expect(store.storage.calls.commit).to.equal(0);
      expect((await store.put([past('k')])).ok).to.equal(true);
    });
  });

  describe('goes on', () => {
    it('goes on when one of those it tells throws', async () => {
      const store = await open();
      const group = await busy(store);
      store.writer.submit({ writes: [past('a')], owner: undefined, settle: throwing });
      const second = store.put([past('b')]);
      await group.end();
      expect((await second).ok).to.equal(true);
      expect((await store.put([past('c')])).ok).to.equal(true);
      await store.writer.idle();
      expect(store.events.filter(({ kind }) => kind === 'listener-failed')).to.have.length(1);
    });

    it('goes on when one of those it refuses throws', async () => {
      const store = await open();
      store.storage.fails = (operation) => operation === 'commit';
      store.writer.submit({ writes: [past('a')], owner: undefined, settle: throwing });
      expect((await store.put([past('b')])).ok).to.equal(false);
      store.storage.fails = () => false;
      expect((await store.put([past('c')])).ok).to.equal(true);
    });

    it('goes on when who is told of matured changes throws', async () => {
      const store = await open();
      store.writer.onMatured(throwing);
      await store.put([future(5)]);
      store.time.advance(5);
      await store.writer.idle();
      expect(store.events.at(-1)).to.include({ kind: 'listener-failed' });
      expect((await store.put([past('c')])).ok).to.equal(true);
    });
  });

  describe('survives its operator', () => {
    it('goes on when its reports are answered with an exception', async () => {
      const store = await open();
      const writer = new Writer({
        storage: store.storage,
        graph: store.graph,
        limits: store.limits,
        schedule: setImmediate,
        report: () => {
          throw new Error('operator');
        },
      });
      await writer.open();
      store.storage.fails = (operation) => operation === 'commit';
      const outcome = await new Promise<PutOutcome>((settle) =>
        writer.submit({ writes: [past('a')], owner: undefined, settle }),
      );
      expect(outcome.ok).to.equal(false);
      await writer.close();
    });
  });

  describe('closes', () => {
    it('settles what waits, then refuses', async () => {
      const store = await open();
      const group = await busy(store);
      const waiting = store.put([past('a')]);
      let closed = false;
      const closing = store.writer.close().then(() => (closed = true));
      const late = store.put([past('b')]);
      expect(await late).to.deep.equal({ ok: false, reason: 'relay is closing' });
      expect(closed).to.equal(false);
      await group.end();
      expect((await waiting).ok).to.equal(true);
      await closing;
      await store.writer.close();
      expect(await store.lines()).to.deep.equal(linesOf(past('busy', 'v', 1, 'busy'), past('a')));
    });

    it('leaves no timer behind', async () => {
      const store = await open();
      await store.put([future(5)]);
      await store.writer.idle();
      expect(store.time.timerCount).to.equal(1);
      await store.writer.close();
      expect(store.time.timerCount).to.equal(0);
    });

    it('is idle at once when nothing waits, and after the last settlement otherwise', async () => {
      const store = await open();
      await store.writer.idle();
      let settled = 0;
      for (const key of ['a', 'b']) void store.put([past(key)]).then(() => (settled += 1));
      await store.writer.idle();
      await Promise.resolve();
      expect(settled).to.equal(2);
    });
  });

  describe('lets future writes wait', () => {
    it('acknowledges them when they are durable, and applies none early', async () => {
      const store = await open();
      const hold = store.storage.hold('commit');
      let outcome: PutOutcome | undefined;
      const put = store.put([future(5), past('now')]).then((settled) => (outcome = settled));
      await hold.reached;
      await turns(2);
      expect(outcome).to.equal(undefined);
      hold.release();
      await put;
      expect(outcome).to.deep.equal({ ok: true, changed: [past('now')] });
      expect(store.storage.changes.map(([key]) => key)).to.include(deferredKey(START_MS + 5, 's', 'k'));
      store.time.advance(4);
      await store.writer.idle();
      expect(await store.lines()).to.deep.equal(linesOf(past('now')));
      expect(await store.graph.readField('s', 'k')).to.equal(undefined);
      expect([store.writer.deferredCount, store.matured]).to.deep.equal([1, []]);
    });

    it('applies and tells each when its time has come, with one timer', async () => {
      const store = await open();
      await store.put([future(20, 'b'), future(10, 'a'), future(30, 'c')]);
      await store.writer.idle();
      const told: [number, string[]][] = [];
      for (const byMs of [10, 10, 10]) {
        expect(store.time.timerCount).to.equal(1);
        store.time.advance(byMs);
        await store.writer.idle();
        told.push([store.time.clock() - START_MS, store.matured.map(({ key }) => key)]);
      }
      expect(told).to.deep.equal([
        [10, ['a']],
        [20, ['a', 'b']],
        [30, ['a', 'b', 'c']],
      ]);
      expect(store.time.timerCount).to.equal(0);
      expect(await store.lines()).to.deep.equal(linesOf(future(10, 'a'), future(20, 'b'), future(30, 'c')));
    });

    it('deletes each from the waiting room in the commit that applies it', async () => {
      const store = await open();
      await store.put([future(5)]);
      store.time.advance(5);
      await store.writer.idle();
      const isDeletedByKey = new Map(
        store.storage.commits[1]!.map(([key, value]) => [key, value === undefined]),
      );
      expect(isDeletedByKey.get(nodeKey('s'))).to.equal(false);
      expect(isDeletedByKey.get(deferredKey(START_MS + 5, 's', 'k'))).to.equal(true);
      const left = await store.memory.range(deferredRange()).next(9);
      expect(left).to.deep.equal([]);
    });

    it('decides them by HAM when they are due', async () => {
      const store = await open();
      await store.put([future(5, 'k', 'early'), future(10, 'k', 'mid'), future(20, 'k', 'late')]);
      store.time.jumpTo(START_MS + 15);
      const put = await store.put([writeOf('s', 'k', START_MS + 12, 'between')]);
      expect(put).to.have.property('ok', true);
      expect((await store.graph.readField('s', 'k'))?.json).to.equal('"between"');
      expect(store.matured, 'what lost in its own group is not told').to.deep.equal([]);
      store.time.advance(5);
      await store.writer.idle();
      expect((await store.graph.readField('s', 'k'))?.json).to.equal('"late"');
      expect(store.matured).to.deep.equal([future(20, 'k', 'late')]);
    });

    it('keeps the greater text of one state of one property, in memory and storage', async () => {
      const store = await open();
      for (const value of ['b', 'c', 'a']) await store.put([future(5, 'k', value)]);
      expect(store.writer.deferredCount).to.equal(1);
      const [entry] = await store.memory.range(deferredRange()).next(9);
      expect(entry).to.deep.equal([deferredKey(START_MS + 5, 's', 'k'), '"c"']);
      store.time.advance(5);
      await store.writer.idle();
      expect(await store.lines()).to.deep.equal(linesOf(future(5, 'k', 'c')));
    });

    it('refuses what has no room: by owner, in number, in bytes', async () => {
      const reason = 'put: too many writes from the future are waiting';
      const byOwner = await open({ limits: { futureWritesPerPeer: 1 } });
      expect((await byOwner.put([future(1, 'a')], 'p')).ok).to.equal(true);
      expect(await byOwner.put([past('x'), future(1, 'b')], 'p')).to.deep.equal({ ok: false, reason });
      expect((await byOwner.put([future(1, 'b')], 'q')).ok).to.equal(true);
      expect(await byOwner.lines()).to.deep.equal([]);
      const byNumber = await open({ limits: { futureWrites: 1 } });
      const inOneTurn = ['a', 'b'].map((key) => byNumber.put([future(1, key)], key));
      expect((await Promise.all(inOneTurn)).map(({ ok }) => ok)).to.deep.equal([true, false]);
      const byBytes = await open({ limits: { futureBytes: 1000 } });
      expect(await byBytes.put([future(1, 'k', 'x'.repeat(1000))])).to.deep.equal({ ok: false, reason });
    });

    it('gives the room back when their time has come', async () => {
      const store = await open({ limits: { futureWritesPerPeer: 1 } });
      await store.put([future(5, 'a')], 'p');
      store.time.advance(5);
      await store.writer.idle();
      expect((await store.put([future(9, 'b')], 'p')).ok).to.equal(true);
    });

    it('finds them again after a restart', async () => {
      const store = await open();
      await store.put([future(5, 'a'), future(50, 'b'), past('now')]);
      await store.writer.close();
      const again = await open({ memory: store.memory, clock: new FakeClock(START_MS + 6) });
      expect(again.events).to.deep.equal([{ kind: 'deferred-loaded', writes: 2 }]);
      await again.writer.idle();
      again.time.advance(0);
      await again.writer.idle();
      expect(again.matured).to.deep.equal([future(5, 'a')]);
      again.time.advance(44);
      await again.writer.idle();
      expect(await again.lines()).to.deep.equal(linesOf(future(5, 'a'), future(50, 'b'), past('now')));
    });

    it('tries matured writes again when their commit fails', async () => {
      const store = await open();
      await store.put([future(5)]);
      store.storage.fails = (operation) => operation === 'commit';
      store.time.advance(5);
      await store.writer.idle();
      expect(store.events.at(-1)).to.include({ kind: 'commit-failed', requests: 0 });
      expect([store.matured, await store.lines(), store.writer.deferredCount]).to.deep.equal([[], [], 1]);
      store.storage.fails = () => false;
      expect((await store.put([past('meanwhile')])).ok).to.equal(true);
      expect(store.matured, 'not before the pause is over').to.deep.equal([]);
      store.time.advance(1000);
      await store.writer.idle();
      expect(store.matured).to.deep.equal([future(5)]);
      expect(await store.lines()).to.deep.equal(linesOf(future(5), past('meanwhile')));
    });

    it('does not forget a stored one whose successor could not be stored', async () => {
      const store = await open();
      await store.put([future(5, 'k', 'a')]);
      store.storage.fails = (operation) => operation !== 'getTexts';
      expect((await store.put([future(5, 'k', 'b')])).ok).to.equal(false);
      store.storage.fails = () => false;
      await store.writer.idle();
      store.time.advance(5);
      await store.writer.idle();
      expect(await store.lines()).to.deep.equal(linesOf(future(5, 'k', 'a')));
    });

    it('lets requests wait that come while it opens, so that none overwrites what is stored', async () => {
      const first = await open();
      await first.put([future(5, 'k', 'b')]);
      await first.writer.close();
      const second = new SmallStore({ memory: first.memory });
      stores.push(second);
      const hold = second.storage.hold('next', 'after');
      const opening = second.writer.open();
      await hold.reached;
      const put = second.put([future(5, 'k', 'a')]);
      await turns(3);
      expect(second.storage.calls.commit).to.equal(0);
      hold.release();
      await opening;
      expect((await put).ok).to.equal(true);
      const [entry] = await second.memory.range(deferredRange()).next(9);
      expect(entry?.[1]).to.equal('"b"');
    });

    it('serves requests although the waiting room could not be read', async () => {
      const store = new SmallStore({});
      stores.push(store);
      await store.storage.open();
      store.storage.fails = (operation) => operation === 'next';
      let error: unknown;
      await store.writer.open().catch((thrown: unknown) => (error = thrown));
      expect(error).to.have.property('code', 'STORAGE_FAILED');
      expect((await store.put([past('k')])).ok).to.equal(true);
    });

    it('waits on the timers and the clock of the engine when it is given no others', async () => {
      const store = await open();
      const graph = new GraphStore({ storage: store.memory, limits: limitsWith() });
      const writer = new Writer({
        storage: store.memory,
        graph,
        limits: limitsWith(),
        schedule: setImmediate,
      });
      await writer.open();
      const matured = new Promise<readonly FieldWrite[]>((resolve) => writer.onMatured(resolve));
      const write = writeOf('s', 'soon', Date.now() + 30.5, 'v');
      writer.submit({ writes: [write], owner: undefined, settle: () => undefined });
      expect(await matured).to.deep.equal([write]);
      expect(Date.now()).to.be.at.least(write.state);
      await writer.close();
      expect(await store.lines()).to.deep.equal([lineOfField('s', 'soon', write.state, '"v"')]);
    });
  });
});
