import { expect } from 'chai';
import * as fc from 'fast-check';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import {
  decodeNotes,
  encodeNotes,
  HeldNotes,
  sinceOf,
  type HeldNote,
} from '../../../lib/store/held-notes.ts';
import { HELD_TIME_KEY, heldKey } from '../../../lib/store/log-keys.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { seeded } from '../../support/arbitraries.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';
import { scaled } from '../../torture/scale.ts';

const GRACE_MS = 100;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function logBy(author: number, length: number): Operation[] {
  return logOf(authorOf(author), length, (at) => bodyOf([writeOf('s', 'k', at + 1, at)]));
}

/** Two branches that part at 1, the canonical one last. */
function branches(): [other: Operation[], canonical: Operation[]] {
  const [first] = logBy(1, 1);
  const made = [1, 2].map((value) => {
    const body = bodyOf([writeOf('s', 'k', 9, value)]);
    const next = operationAfter(authorOf(1), first!.header, body);
    return [first!, next, operationAfter(authorOf(1), next.header, body)];
  });
  const order = made.toSorted((a, b) => (namesOf(a[1]!).id < namesOf(b[1]!).id ? 1 : -1));
  return [order[0]!, order[1]!];
}

describe('store.held-notes', function () {
  this.timeout(scaled(60_000, 600_000));
  let clock: FakeClock;
  let store: LoggedStore;
  /** Records of logs that looks wrote. */
  let written: string[];
  let graceMs: number;

  beforeEach(async () => {
    [clock, written, graceMs] = [new FakeClock(), [], GRACE_MS];
    store = await openLogged({ witnesses: false, clock });
  });

  afterEach(() => store.close());

  async function commit(changes: readonly Change[]): Promise<void> {
    for (const [key] of changes) if (key !== HELD_TIME_KEY) written.push(key);
    await store.small.storage.commit(changes);
  }

  async function take(operations: Iterable<Operation>): Promise<void> {
    for (const operation of operations) expect((await store.take(operation)).ok).to.equal(true);
  }

  /** Looks; nothing of the notes is in memory before. */
  async function look(): Promise<HeldNotes> {
    const { storage } = store.small;
    const notes = new HeldNotes({ storage, store: store.logs, commit, now: clock.clock, graceMs });
    await notes.look(() => false);
    return notes;
  }

  /** Numbers of those operations that are held for long. */
  async function heldLong(operations: readonly Operation[]): Promise<number[]> {
    const notes = await look();
    const found: number[] = [];
    for (const [at, operation] of operations.entries()) {
      if (await notes.isHeldLong(operation)) found.push(at);
    }
    return found;
  }

  it('tell what was there at a look that is older than the grace time, across restarts', async () => {
    const log = logBy(1, 3);
    await take(log.slice(0, 2));
    expect(await heldLong(log)).to.deep.equal([]);
    await take(log.slice(2));
    clock.advance(GRACE_MS - 1);
    expect(await heldLong(log)).to.deep.equal([]);
    const { memory } = store.small;
    await store.close();
    store = await openLogged({ witnesses: false, clock, memory });
    clock.advance(1);
    expect(await heldLong(log)).to.deep.equal([0, 1]);
    clock.advance(GRACE_MS);
    expect(await heldLong(log)).to.deep.equal([0, 1, 2]);
  });

  it('tell it of nothing that came later, and in the end of everything', async () => {
    const step = fc.record({ ops: fc.nat(3), author: fc.integer({ min: 1, max: 3 }), ms: fc.nat(70) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        await store.close();
        clock = new FakeClock();
        store = await openLogged({ witnesses: false, clock });
        const logs = [1, 2, 3].map((author) => logBy(author, 50));
        const lengths = [0, 0, 0];
        const came: { readonly operation: Operation; readonly at: number }[] = [];
        for (const { ops, author, ms } of steps) {
          const some = logs[author - 1]!.slice(lengths[author - 1], lengths[author - 1]! + ops);
          lengths[author - 1]! += ops;
          await take(some);
          for (const operation of some) came.push({ operation, at: clock.clock() });
          const notes = await look();
          for (const { operation, at } of came) {
            const age = clock.clock() - at;
            const isHeld = await notes.isHeldLong(operation);
            if (isHeld) expect(age).to.be.at.least(GRACE_MS);
            // Two notes are enough: a look each 70 ms or less, one grace time for the note before, and one for its own.
            else expect(age).to.be.below(2 * GRACE_MS + 2 * 70);
          }
          clock.advance(ms);
        }
      }),
      seeded(scaled(60, 600)),
    );
  });

  it('count no time that a clock is put forward or back', async () => {
    graceMs = DAY_MS;
    const log = logBy(1, 1);
    await take(log);
    await look();
    for (const jump of [-30 * DAY_MS, 30 * DAY_MS, 365 * DAY_MS, -365 * DAY_MS, 10 * DAY_MS]) {
      clock.jumpTo(clock.clock() + jump);
      expect(await heldLong(log)).to.deep.equal([]);
    }
    // Three hours are counted for the jumps.
    for (let hours = 3; hours < 22; hours += 1) {
      clock.advance(HOUR_MS);
      expect(await heldLong(log)).to.deep.equal([]);
    }
    // Who does not look for a day counts one hour.
    clock.advance(DAY_MS);
    expect(await heldLong(log)).to.deep.equal([]);
    clock.advance(HOUR_MS);
    expect(await heldLong(log)).to.deep.equal([0]);
  });

  it('begin anew where the time that was counted is gone', async () => {
    const log = logBy(1, 1);
    await take(log);
    await look();
    clock.advance(HOUR_MS);
    await look();
    await store.small.storage.commit([[HELD_TIME_KEY, undefined]]);
    expect(await heldLong(log)).to.deep.equal([]);
    clock.advance(GRACE_MS);
    expect(await heldLong(log)).to.deep.equal([0]);
  });

  it('are two at most for a log, and written only where something is new', async () => {
    const [busy, quiet] = [logBy(1, 20), logBy(2, 1)];
    await take(quiet);
    const { author, log } = namesOf(busy[0]!);
    for (const operation of busy) {
      await take([operation]);
      await look();
      clock.advance(30);
      const record = await store.small.storage.getText(heldKey(author, log));
      expect(decodeNotes(record)).to.have.lengthOf.within(1, 2);
    }
    expect(written.filter((key) => key === heldKey(author, log))).to.have.lengthOf.below(8);
    expect(written.filter((key) => key !== heldKey(author, log))).to.have.lengthOf(1);
    const before = written.length;
    for (let looks = 0; looks < 9; looks += 1) {
      clock.advance(GRACE_MS);
      await look();
    }
    expect(written).to.have.lengthOf.at.most(before + 2);
  });

  describe('of a forked log', () => {
    it('tell nothing of a branch that takes the place of an older one', async () => {
      const [other, canonical] = branches();
      await take(other);
      await look();
      clock.advance(GRACE_MS);
      await take(canonical.slice(1));
      const notes = await look();
      const name = namesOf(other[0]!);
      expect(await notes.placesOf(name)).to.deep.equal({ canonical: 0, side: 2, sideFrom: 1 });
      expect(await notes.isHeldLong(other[0]!)).to.equal(true);
      expect(await notes.isHeldLong(canonical[1]!)).to.equal(false);
      clock.advance(GRACE_MS);
      const later = await look();
      expect(await later.placesOf(name)).to.deep.equal({ canonical: 2, side: 2, sideFrom: 1 });
      expect(await later.isHeldLong(canonical[2]!)).to.equal(true);
    });

    it('tell nothing of a side branch that came later', async () => {
      const [other, canonical] = branches();
      await take(canonical);
      await look();
      clock.advance(GRACE_MS);
      await take(other.slice(1));
      const name = namesOf(other[0]!);
      expect(await (await look()).placesOf(name)).to.deep.equal({ canonical: 2, side: -1, sideFrom: 1 });
      clock.advance(GRACE_MS);
      expect(await (await look()).placesOf(name)).to.deep.equal({ canonical: 2, side: 2, sideFrom: 1 });
    });
  });

  it('tell nothing of a log whose author gave up what was there', async () => {
    const log = logBy(1, 2);
    await take(log.slice(0, 1));
    await look();
    clock.advance(GRACE_MS);
    await take([log[1]!, operationAfter(authorOf(1), log[1]!.header, undefined, { prune: true })]);
    const notes = await look();
    expect(await notes.placesOf(namesOf(log[0]!))).to.deep.include({ canonical: -1, side: -1 });
    expect(await notes.placesOf({ author: 'a'.repeat(64), log: 'b'.repeat(64) })).to.deep.include({
      canonical: -1,
    });
  });

  it('know entries of some logs that give up their operations, those that are here for longer, over restarts', async () => {
    const authors = Array.from({ length: 66 }, (_, at) => at + 1).toSorted((a, b) =>
      toHex(authorOf(a).publicKey) < toHex(authorOf(b).publicKey) ? 1 : -1,
    );
    const said = new Map<number, Operation>();
    const say = async (some: readonly number[]): Promise<void> => {
      for (const author of some) {
        const body = bodyOf([writeOf('s', `by ${author}`, 1, 1)]);
        said.set(author, operationAfter(authorOf(author), said.get(author)?.header, body, { prune: true }));
        await take([said.get(author)!]);
      }
    };
    const known = async (): Promise<number[]> => {
      const notes = await look();
      const found: number[] = [];
      for (const author of authors)
        if (typeof (await notes.heldPartOf(said.get(author)!)) === 'function') found.push(author);
      return found;
    };
    const [long, others] = [authors.slice(0, 2), authors.slice(2)];
    await say(long);
    await look();
    for (let looks = 0; looks < 5; looks += 1) {
      clock.advance(GRACE_MS);
      await say(long);
      await look();
    }
    await say(others);
    clock.advance(1);
    await look();
    for (let looks = 0; looks < 3; looks += 1) {
      clock.advance(GRACE_MS);
      await say(others);
      // One of them is quiet for a while.
      await say(looks === 1 ? long.slice(1) : long);
      const found = await known();
      expect(found).to.have.lengthOf(64);
      expect(found).to.include.members(looks === 1 ? long.slice(1) : long);
    }
  });

  it('end early when they are told to', async () => {
    await take(logBy(1, 1));
    const { storage } = store.small;
    const notes = new HeldNotes({ storage, store: store.logs, commit, now: clock.clock, graceMs });
    await notes.look(() => true);
    expect(await storage.getText(HELD_TIME_KEY)).to.equal(undefined);
  });

  it('are read as they were written', () => {
    const id = fc.constantFrom('a'.repeat(64), 'b'.repeat(64));
    const end = fc.record({ height: fc.nat(), tip: id });
    const note = fc.record({
      at: fc.nat(),
      height: fc.nat(),
      tip: id,
      side: fc.option(end, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(note, { minLength: 1, maxLength: 2 }), (notes: HeldNote[]) => {
        expect(decodeNotes(encodeNotes(notes))).to.deep.equal(notes);
        expect(sinceOf(encodeNotes(notes))).to.equal(notes[0]!.at);
        for (const since of [0, notes[0]!.at, 7]) {
          const record = encodeNotes(notes, since);
          expect([sinceOf(record), decodeNotes(record)]).to.deep.equal([since, notes]);
        }
      }),
      seeded(50),
    );
    expect([decodeNotes(undefined), sinceOf(undefined)]).to.deep.equal([[], Infinity]);
  });
});
