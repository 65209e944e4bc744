import { expect } from 'chai';
import * as fc from 'fast-check';
import { limitsWith, type Limits } from '../../../lib/base/limits.ts';
import { writeOf, type Entry, type FieldWrite } from '../../../lib/graph/write.ts';
import { DeferralQueue } from '../../../lib/ham/deferral.ts';
import { seeded } from '../../support/arbitraries.ts';
import { collectGarbage, heldBytes } from '../../support/garbage.ts';

function queueWith(changes: Partial<Limits> = {}): DeferralQueue {
  return new DeferralQueue(limitsWith(changes));
}

function at(state: number, key = 'k', value = 'v'): FieldWrite {
  return writeOf('s', key, state, value);
}

/** Writes of so many properties that nobody else writes. */
function manyAt(count: number, group = 0): FieldWrite[] {
  return Array.from({ length: count }, (_, i) => at(9, `${group} ${i}`));
}

function writesOf(places: readonly { readonly write: FieldWrite }[]): FieldWrite[] {
  return places.map(({ write }) => write);
}

function isSameText(_soul: string, _key: string, a: Entry, b: Entry): boolean {
  return a.json.toLowerCase() === b.json.toLowerCase();
}

/** Bytes that 10,000 writes of a length take, by the bytes they count. */
async function growthWith(length: number): Promise<number> {
  const queue = queueWith();
  const before = await heldBytes();
  for (let i = 0; i < 10_000; i += 1) {
    const write = {
      soul: `soul ${i}`,
      key: `key ${i}`,
      state: 1e12 + i + 0.5,
      json: `"${'x'.repeat(length)}${i}"`,
    };
    queue.add(JSON.parse(JSON.stringify(write)) as FieldWrite, 'p');
  }
  return ((await heldBytes()) - before) / queue.bytes;
}

/** A write of some 4,200 bytes. */
function big(key: string): FieldWrite {
  return at(9, key, 'x'.repeat(1900));
}

describe('ham DeferralQueue', () => {
  it('gives what is due, the earliest first', () => {
    const queue = queueWith();
    for (const state of [5, 3, 9, 1, 7]) queue.add(at(state), undefined);
    expect(queue.nextDue).to.equal(1);
    expect(writesOf(queue.takeDue(5, 10)).map(({ state }) => state)).to.deep.equal([1, 3, 5]);
    expect(queue.nextDue).to.equal(7);
  });

  it('gives no more than is asked for', () => {
    const queue = queueWith();
    for (const state of [1, 2, 3]) queue.add(at(state), undefined);
    expect(writesOf(queue.takeDue(9, 2)).map(({ state }) => state)).to.deep.equal([1, 2]);
    expect(queue.takeDue(9, 0)).to.deep.equal([]);
    expect(queue.takeDue(9, 2)).to.have.length(1);
  });

  it('keeps the first of two values that mean the same', () => {
    const queue = new DeferralQueue(limitsWith(), isSameText);
    expect(queue.add(at(1, 'k', 'TEXT'), undefined)).to.equal(true);
    expect(queue.add(at(1, 'k', 'text'), undefined)).to.equal(false);
    expect(queue.add(at(1, 'k', 'z'), undefined)).to.equal(true);
    expect(writesOf(queue.takeDue(1, 9))).to.deep.equal([at(1, 'k', 'z')]);
  });

  it('counts what was given until it is removed', () => {
    const queue = queueWith();
    const write = at(1);
    queue.add(write, 'peer');
    const bytes = queue.bytes;
    expect(bytes).to.be.greaterThan(0);
    queue.takeDue(2, 1);
    expect([queue.size, queue.bytes, queue.nextDue]).to.deep.equal([1, bytes, undefined]);
    queue.remove(write);
    expect([queue.size, queue.bytes]).to.deep.equal([0, 0]);
  });

  it('takes back what could not be applied', () => {
    const queue = queueWith();
    for (const state of [1, 2, 3]) queue.add(at(state), undefined);
    const due = queue.takeDue(2, 10);
    queue.giveBack(due);
    expect(queue.nextDue).to.equal(1);
    expect(queue.takeDue(9, 10)).to.have.length(3);
  });

  it('does not take back what was removed meanwhile', () => {
    const queue = queueWith();
    const write = at(1);
    queue.add(write, undefined);
    const due = queue.takeDue(2, 10);
    queue.remove(write);
    queue.giveBack(due);
    expect([queue.size, queue.nextDue]).to.deep.equal([0, undefined]);
  });

  it('keeps the greater text of one state of one property', () => {
    const queue = queueWith();
    expect(queue.add(at(5, 'k', 'b'), undefined)).to.equal(true);
    expect(queue.add(at(5, 'k', 'a'), undefined)).to.equal(false);
    expect(queue.add(at(5, 'k', 'b'), undefined)).to.equal(false);
    expect(queue.add(at(5, 'k', 'c'), undefined)).to.equal(true);
    expect(queue.size).to.equal(1);
    expect(writesOf(queue.takeDue(5, 10))).to.deep.equal([at(5, 'k', 'c')]);
  });

  it('tells who holds a place, so that it can be given back', () => {
    const queue = queueWith();
    const first = at(5, 'k', 'a');
    const second = at(5, 'k', 'b');
    expect(queue.placeOf(first)).to.equal(undefined);
    queue.add(first, 'p');
    expect(queue.placeOf(second)).to.deep.equal({ write: first, owner: 'p', isFar: false });
    queue.add(second, 'q');
    queue.remove(second);
    queue.add(first, 'p');
    expect(writesOf(queue.takeDue(5, 10))).to.deep.equal([first]);
  });

  it('keeps states and properties apart, whatever their names', () => {
    const queue = queueWith();
    const writes = [
      writeOf('a', 'bc', 1, 1),
      writeOf('ab', 'c', 1, 1),
      writeOf('1 a', 'c', 1, 1),
      writeOf('a', 'c', 11, 1),
      writeOf('a', 'bc', 1.5, 1),
      writeOf('__proto__', 'constructor', 1, 1),
    ];
    for (const write of writes) queue.add(write, undefined);
    expect(queue.size).to.equal(writes.length);
    expect(writesOf(queue.takeDue(20, 20))).to.have.deep.members(writes);
  });

  it('removes only the write that holds its place', () => {
    const queue = queueWith();
    const loser = at(5, 'k', 'a');
    queue.add(loser, undefined);
    queue.add(at(5, 'k', 'b'), undefined);
    queue.remove(loser);
    expect(queue.size).to.equal(1);
  });

  it('has no room beyond its number of writes', () => {
    const queue = queueWith({ futureWrites: 3 });
    queue.add(at(1, 'a'), undefined);
    expect(queue.hasRoom([at(1, 'b'), at(1, 'c')], undefined)).to.equal(true);
    expect(queue.hasRoom([at(1, 'b'), at(1, 'c'), at(1, 'd')], undefined)).to.equal(false);
  });

  it('has no room beyond its bytes', () => {
    const queue = queueWith({ futureBytes: 2500 });
    const large = at(1, 'a', 'x'.repeat(600));
    expect(queue.hasRoom([large], undefined)).to.equal(true);
    queue.add(large, undefined);
    expect(queue.hasRoom([at(1, 'b')], undefined)).to.equal(true);
    expect(queue.hasRoom([at(1, 'b', 'x'.repeat(600))], undefined)).to.equal(false);
    queue.remove(large);
    expect(queue.hasRoom([at(1, 'b', 'x'.repeat(600))], undefined)).to.equal(true);
  });

  it('takes about the bytes it counts', async () => {
    for (const length of [1, 200]) {
      const growths: number[] = [];
      // What else lives in the process comes and goes.
      do growths.push(await growthWith(length));
      while (growths.length < 3 && growths.at(-1)! >= 1.1);
      expect(Math.min(...growths)).to.be.lessThan(1.1);
    }
  });

  it('has no room beyond the share of one owner, and gives room back with each write that leaves', () => {
    const queue = queueWith({ futureWritesPerPeer: 2 });
    const first = at(1, 'a');
    queue.add(first, 'p');
    expect(queue.hasRoom([at(1, 'b'), at(1, 'c')], 'p')).to.equal(false);
    expect(queue.hasRoom([at(1, 'b'), at(1, 'c')], 'q')).to.equal(true);
    expect(queue.hasRoom([at(1, 'b'), at(1, 'c')], undefined)).to.equal(true);
    queue.remove(first);
    expect(queue.hasRoom([at(1, 'b'), at(1, 'c')], 'p')).to.equal(true);
  });

  describe('beyond the horizon', () => {
    it('has no more room than for one owner, and for each a tenth of that', () => {
      const queue = queueWith({ futureWritesPerPeer: 40 });
      expect(queue.hasRoom(manyAt(5), 'p', true)).to.equal(false);
      for (let owner = 0; owner < 10; owner += 1) {
        expect(queue.hasRoom(manyAt(4, owner), `p${owner}`, true)).to.equal(true);
        for (const write of manyAt(4, owner)) queue.add(write, `p${owner}`, true);
        expect(queue.hasRoom([at(9, 'more')], `p${owner}`, true)).to.equal(false);
        // What comes soon counts apart.
        expect(queue.hasRoom(manyAt(40, 77), `p${owner}`)).to.equal(true);
      }
      expect(queue.hasRoom([at(9, 'more')], 'q', true)).to.equal(false);
      for (const write of manyAt(4, 3)) queue.remove(queue.placeOf(write)!.write);
      expect(queue.hasRoom(manyAt(4, 3), 'q', true)).to.equal(true);
    });

    it('has one place for each owner where a tenth is less', () => {
      expect(queueWith({ futureWritesPerPeer: 5 }).hasRoom([at(1)], 'p', true)).to.equal(true);
      expect(queueWith({ futureWritesPerPeer: 0 }).hasRoom([at(1)], 'p', true)).to.equal(false);
    });

    it('leaves half of the bytes to what comes soon, and nine tenths of the other half to other owners', () => {
      const futureBytes = 100_000;
      const queue = queueWith({ futureBytes, futureWritesPerPeer: 1000 });
      for (let owner = 0; owner < 11; owner += 1) {
        const [name, own] = [`p${owner}`, big(`k${owner}`)];
        if (queue.hasRoom([own], name, true)) queue.add(own, name, true);
        expect(queue.hasRoom([big('more')], name, true)).to.equal(false);
      }
      expect(queue.bytes).to.be.within(futureBytes * 0.4, futureBytes / 2);
      expect(queue.hasRoom([big('soon'), big('soon too')], 'p1')).to.equal(true);
    });
  });

  it('counts a place against the owner of the write that holds it', () => {
    const queue = queueWith({ futureWritesPerPeer: 1 });
    queue.add(at(1, 'a', 'a'), 'p');
    queue.add(at(1, 'a', 'b'), 'q');
    expect(queue.hasRoom([at(2)], 'p')).to.equal(true);
    expect(queue.hasRoom([at(2)], 'q')).to.equal(false);
  });

  it('lets go of writes whose place was taken over again and again behind an early one', async () => {
    const queue = queueWith();
    queue.add(at(1, 'early'), undefined);
    const replaced: WeakRef<FieldWrite>[] = [];
    for (let i = 0; i < 2000; i += 1) {
      const write = at(9, 'k', String(i).padStart(5, '0'));
      replaced.push(new WeakRef(write));
      queue.add(write, undefined);
    }
    await collectGarbage();
    expect(replaced.filter((write) => write.deref() !== undefined).length).to.be.lessThan(100);
    expect(queue.size).to.equal(2);
    expect(writesOf(queue.takeDue(9, 10))).to.deep.equal([at(1, 'early'), at(9, 'k', '01999')]);
  });

  it('keeps its order when it lets go of many at once', () => {
    const queue = queueWith();
    // Numbers that are no multiples of 7 come in a mixed order.
    const states = Array.from({ length: 500 }, (_, index) => (index * 7) % 500);
    const writes = states.map((state) => at(state));
    for (const write of writes) queue.add(write, undefined);
    for (const write of writes) if (write.state % 5 !== 0) queue.remove(write);
    for (let i = 0; i < 100; i += 1) queue.add(at(1000, 'k', String(i).padStart(3, '0')), undefined);
    const due = writesOf(queue.takeDue(2000, 1000)).map(({ state }) => state);
    expect(due).to.deep.equal([...states.filter((state) => state % 5 === 0).toSorted((a, b) => a - b), 1000]);
  });

  it('agrees with a sorted list, whatever is done in whatever order', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('add' as const),
        state: fc.integer({ min: 0, max: 12 }),
        key: fc.constantFrom('a', 'b', 'c'),
        value: fc.constantFrom('x', 'y', 'z'),
        owner: fc.constantFrom('p', 'q', undefined),
      }),
      fc.record({
        do: fc.constantFrom('apply' as const, 'fail' as const),
        now: fc.integer({ min: 0, max: 12 }),
        most: fc.integer({ min: 0, max: 4 }),
      }),
      fc.record({ do: fc.constant('remove' as const), index: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const queue = queueWith();
        let naive: { write: FieldWrite; owner: string | undefined }[] = [];
        for (const each of steps) {
          if (each.do === 'add') {
            const write = at(each.state, each.key, each.value);
            const held = naive.find(
              (place) => place.write.key === write.key && place.write.state === write.state,
            );
            const wins = held === undefined || write.json > held.write.json;
            expect(queue.add(write, each.owner)).to.equal(wins);
            if (wins) naive = [...naive.filter((place) => place !== held), { write, owner: each.owner }];
          } else if (each.do === 'remove') {
            const place = naive[each.index];
            if (place !== undefined) queue.remove(place.write);
            naive = naive.filter((other) => other !== place);
          } else {
            const due = queue.takeDue(each.now, each.most);
            const expected = naive
              .map(({ write }) => write.state)
              .filter((state) => state <= each.now)
              .toSorted((a, b) => a - b)
              .slice(0, each.most);
            expect(writesOf(due).map(({ state }) => state)).to.deep.equal(expected);
            if (each.do === 'fail') queue.giveBack(due);
            else {
              for (const { write } of due) queue.remove(write);
              naive = naive.filter((place) => !due.some(({ write }) => write === place.write));
            }
          }
          expect(queue.size).to.equal(naive.length);
          const states = naive.map(({ write }) => write.state);
          expect(queue.nextDue).to.equal(states.length === 0 ? undefined : Math.min(...states));
        }
        expect(writesOf(queue.takeDue(99, 999))).to.have.deep.members(naive.map(({ write }) => write));
        for (const owner of ['p', 'q']) {
          const owned = naive.filter((place) => place.owner === owner).length;
          const roomy = new DeferralQueue(limitsWith({ futureWritesPerPeer: owned }));
          for (const place of naive) roomy.add(place.write, place.owner);
          expect(roomy.hasRoom([], owner)).to.equal(true);
          expect(roomy.hasRoom([at(1)], owner)).to.equal(false);
        }
      }),
      seeded(60),
    );
  });
});
