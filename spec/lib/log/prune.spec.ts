import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  compareRank,
  entriesToKeep,
  isBodyPrunable,
  isSuperseded,
  prunePointOf,
  type HeldWinner,
  type LogEntry,
} from '../../../lib/log/prune.ts';
import { seeded } from '../../support/arbitraries.ts';
import { lineOfField } from '../../support/naive-graph.ts';
import { authorOf, operationAfter } from '../../support/log-maker.ts';
import { scaled } from '../../torture/scale.ts';

const NOW = 1000;
const RUNS = scaled(200, 2000);

/** An operation as pruning sees it. */
interface Said {
  readonly id: string;
  readonly author: number;
  readonly entries: readonly LogEntry[];
}

/** How a replica finds the winner that may supersede: as it should, or with one of the rules left out. */
interface Rules {
  readonly now: number;
  readonly isDue: (state: number, now: number) => boolean;
}

const SOUND: Rules = { now: NOW, isDue: (state, now) => state <= now };

/** A replica that keeps operations by id, some of them without their bodies. */
class Replica {
  readonly held = new Map<string, Said>();
  /** Values written without a signature. */
  readonly unsigned: LogEntry[] = [];

  take(operations: Iterable<Said>): this {
    for (const operation of operations) {
      const known = this.held.get(operation.id);
      if (known === undefined || known.entries.length === 0) this.held.set(operation.id, operation);
    }
    return this;
  }

  /** What the graph shows at a time, computed from nothing. */
  lines(now: number): string[] {
    const winners = new Map<string, LogEntry>();
    const entries = [...this.held.values()].flatMap((operation) => operation.entries);
    for (const entry of [...entries, ...this.unsigned]) {
      const place = JSON.stringify([entry.soul, entry.key]);
      const current = winners.get(place);
      if (entry.state > now || (current !== undefined && compareRank(entry, current) <= 0)) continue;
      winners.set(place, entry);
    }
    return [...winners.values()]
      .map(({ soul, key, state, json }) => lineOfField(soul, key, state, json))
      .toSorted();
  }

  winnerOf({ now, isDue }: Rules = SOUND): (soul: string, key: string) => HeldWinner | undefined {
    return (soul, key) => {
      let winner: HeldWinner | undefined;
      for (const { id, entries } of this.held.values()) {
        for (const entry of entries) {
          if (entry.soul !== soul || entry.key !== key || !isDue(entry.state, now)) continue;
          const rank = winner === undefined ? 1 : compareRank(entry, winner);
          if (rank > 0 || (rank === 0 && id < winner!.holder)) winner = { ...entry, holder: id };
        }
      }
      return winner;
    };
  }

  /** Forgets the bodies that may go; gives how many went. */
  pruneBodies(rules: Rules = SOUND): number {
    let count = 0;
    for (const { id, author, entries } of this.held.values()) {
      const winnerOf = this.winnerOf(rules);
      const isPrunable = isBodyPrunable(entries, id, {
        now: rules.now,
        graceMs: 0,
        receivedAt: 0,
        isPinned: () => false,
        winnerOf,
      });
      if (entries.length === 0 || !isPrunable) continue;
      this.held.set(id, { id, author, entries: [] });
      count += 1;
    }
    return count;
  }

  /** Replaces what an author said by what of it still counts. */
  prunePrefix(author: number, id: string): Said {
    const prefix = [...this.held.values()].filter((operation) => operation.author === author);
    const held = prefix.map((operation) => [operation.id, operation.entries] as const);
    return { id, author, entries: entriesToKeep(held, { now: NOW, winnerOf: this.winnerOf() }) };
  }

  /** Takes a prune point, and forgets what it gives up. */
  restart(point: Said): void {
    for (const { id, author } of this.held.values()) if (author === point.author) this.held.delete(id);
    this.held.set(point.id, point);
  }
}

const anEntry: fc.Arbitrary<LogEntry> = fc.record({
  soul: fc.constantFrom('s', 't'),
  key: fc.constantFrom('a', 'b', 'c'),
  state: fc.constantFrom(1, 2, 3, NOW, NOW + 1, NOW + 5),
  json: fc.constantFrom('1', '2', '"x"', '{"#":"s"}'),
});

const someOperations: fc.Arbitrary<Said[]> = fc.uniqueArray(
  fc.record({
    // Authors and ids are independent, as hashes are.
    id: fc.integer({ min: 0, max: 2 ** 24 }).map((n) => n.toString(16).padStart(6, '0')),
    author: fc.nat(2),
    entries: fc.uniqueArray(anEntry, { minLength: 1, maxLength: 4, selector: ({ soul, key }) => soul + key }),
  }),
  { maxLength: 14, selector: ({ id }) => id },
);

/** Times at which graphs are compared: now, and when everything that waits has come. */
const TIMES = [NOW, NOW + 1, NOW + 10];

const entry = (state: number, json = '1'): LogEntry => ({ soul: 's', key: 'a', state, json });

describe('log.prune', () => {
  it('ranks the later state first, then the larger text', () => {
    expect(compareRank(entry(2), entry(1, '9'))).to.be.above(0);
    expect(compareRank(entry(1, '1'), entry(1, '2'))).to.be.below(0);
    expect(compareRank(entry(1), entry(1))).to.equal(0);
  });

  it('leaves the graph as it is, at all times', () => {
    let bodies = 0;
    let pruned = 0;
    fc.assert(
      fc.property(someOperations, (operations) => {
        const replica = new Replica().take(operations);
        const before = TIMES.map((now) => replica.lines(now));
        bodies += operations.length;
        pruned += replica.pruneBodies();
        expect(TIMES.map((now) => replica.lines(now))).to.deep.equal(before);
      }),
      seeded(RUNS),
    );
    // A rule that prunes nothing would keep the graph as well.
    expect(pruned / bodies).to.be.above(0.04);
  });

  it('leaves the graph as it is when replicas that pruned differently meet', () => {
    const two = someOperations.chain((all) => fc.tuple(fc.constant(all), fc.subarray(all), fc.subarray(all)));
    fc.assert(
      fc.property(two, ([all, ours, theirs]) => {
        const replicas = [new Replica().take(ours), new Replica().take(theirs), new Replica().take(all)];
        for (const replica of replicas) replica.pruneBodies();
        const [one, other] = [replicas[0]!, replicas[1]!];
        const pruned = [...one.held.values(), ...other.held.values()];
        const merged = new Replica().take(pruned);
        const whole = new Replica().take(ours).take(theirs);
        for (const now of TIMES) expect(merged.lines(now)).to.deep.equal(whole.lines(now));
        merged.pruneBodies();
        for (const now of TIMES) expect(merged.lines(now)).to.deep.equal(whole.lines(now));
        const everything = new Replica().take(all);
        merged.take(replicas[2]!.held.values());
        for (const now of TIMES) expect(merged.lines(now)).to.deep.equal(everything.lines(now));
      }),
      seeded(RUNS),
    );
  });

  it('keeps the graph when an author gives up a prefix, at replicas that hold the same', () => {
    const author = fc.nat(2);
    fc.assert(
      fc.property(someOperations, author, (operations, who) => {
        const replica = new Replica().take(operations);
        const before = TIMES.map((now) => replica.lines(now));
        replica.pruneBodies();
        const point = replica.prunePrefix(who, 'ffffff0');
        replica.restart(point);
        expect(TIMES.map((now) => replica.lines(now))).to.deep.equal(before);
        const behind = new Replica().take(operations);
        behind.restart(point);
        expect(TIMES.map((now) => behind.lines(now))).to.deep.equal(before);
      }),
      seeded(RUNS),
    );
  });

  describe('hazards', () => {
    it('1: keeps a value that is superseded only in the future', () => {
      const current = { id: 'a', author: 0, entries: [entry(5)] };
      const future = { id: 'b', author: 0, entries: [entry(NOW + 1)] };
      const replica = new Replica().take([current, future]);
      expect(replica.pruneBodies()).to.equal(0);
      const careless = new Replica().take([current, future]);
      const winner: HeldWinner = { ...entry(NOW + 1), holder: 'b' };
      expect(isSuperseded(entry(5), 'a', winner, NOW)).to.equal(false);
      expect(isSuperseded(entry(5), 'a', winner, NOW + 1)).to.equal(true);
      // The same rule without its clause loses the value that counts.
      careless.pruneBodies({ now: NOW + 2, isDue: () => true });
      expect(careless.lines(NOW)).to.not.deep.equal(replica.lines(NOW));
    });

    it('2: keeps a value that only an unsigned one supersedes', () => {
      const replica = new Replica().take([{ id: 'a', author: 0, entries: [entry(5)] }]);
      replica.unsigned.push(entry(6));
      expect(replica.pruneBodies()).to.equal(0);
      const logsOnly = new Replica().take(replica.held.values());
      expect(logsOnly.lines(NOW)).to.have.lengthOf(1);
    });

    it('3 and 4: keeps what is pinned, by a schema that refuses the newer value or by a moderator', () => {
      const rules = { now: NOW, graceMs: 0, receivedAt: 0, winnerOf: () => ({ ...entry(6), holder: 'b' }) };
      const entries = [entry(5)];
      expect(isBodyPrunable(entries, 'a', { ...rules, isPinned: () => false })).to.equal(true);
      expect(isBodyPrunable(entries, 'a', { ...rules, isPinned: ({ soul }) => soul === 's' })).to.equal(
        false,
      );
    });

    it('4: keeps everything for the grace time', () => {
      const winnerOf = (): HeldWinner => ({ ...entry(6), holder: 'b' });
      const rules = { now: NOW, receivedAt: NOW - 99, isPinned: () => false, winnerOf };
      expect(isBodyPrunable([entry(5)], 'a', { ...rules, graceMs: 100 })).to.equal(false);
      expect(isBodyPrunable([entry(5)], 'a', { ...rules, graceMs: 99 })).to.equal(true);
    });

    it('5: never prunes an entry that holds the winner alone', () => {
      fc.assert(
        fc.property(someOperations, (operations) => {
          const replica = new Replica().take(operations);
          replica.pruneBodies();
          for (const { entries } of operations) {
            for (const { soul, key } of entries) {
              const winner = new Replica().take(operations).winnerOf()(soul, key);
              if (winner === undefined) continue;
              expect(replica.held.get(winner.holder)!.entries).to.not.have.lengthOf(0);
            }
          }
        }),
        seeded(RUNS),
      );
    });

    it('keeps one of equal values, in the operation with the smallest id', () => {
      const equal = ['b', 'a', 'c'].map((id) => ({ id, author: 0, entries: [entry(5)] }));
      const replica = new Replica().take(equal);
      expect(replica.pruneBodies()).to.equal(2);
      expect(replica.held.get('a')!.entries).to.have.lengthOf(1);
    });
  });

  it('finds the prune point in an operation', () => {
    const author = authorOf(1);
    const first = operationAfter(author, undefined, undefined);
    expect(prunePointOf(first)).to.equal(undefined);
    expect(prunePointOf(operationAfter(author, first.header, undefined, { prune: true }))).to.equal(1);
  });
});
