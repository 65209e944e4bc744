import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { decodeHeader } from '../../../lib/log/codec.ts';
import { MOST_SIDE_OPERATIONS } from '../../../lib/log/fork.ts';
import type { Tip } from '../../../lib/log/heights.ts';
import { OneLog } from '../../../lib/log/one-log.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import { MOST_PLACES } from '../../../lib/sync/frame-fields.ts';
import { takeOne } from '../../../lib/sync/intake.ts';
import type { LogFrame } from '../../../lib/sync/log-frames.ts';
import { SessionHost } from '../../../lib/sync/session-host.ts';
import type { TakenOperation } from '../../../lib/sync/sync-store.ts';
import { seeded } from '../../support/arbitraries.ts';
import { authorOf, hex, logOf, operationAfter, TOPIC } from '../../support/log-maker.ts';
import { LogReplica } from '../../support/log-replica.ts';
import { partedTips } from '../../support/parted-tips.ts';
import { SyncLine, type LineForm, type LineHashes } from '../../support/sync-world.ts';
import { scaled } from '../../torture/scale.ts';

const RUNS = scaled(60, 2000);
/** Bodies that are owed to another side at once, as SECURITY.md says. */
const MOST_OWED = 1024;

/** What three authors said; one of them on two devices, another pruned a log. */
function aHistory(): fc.Arbitrary<Operation[][]> {
  const shape = fc.record({
    lengths: fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6)),
    forkAt: fc.option(fc.nat(5), { nil: undefined }),
    forkLength: fc.integer({ min: 1, max: 4 }),
    prunes: fc.boolean(),
  });
  return shape.map(({ lengths, forkAt, forkLength, prunes }) => {
    const logs = lengths.map((length, at) => logOf(authorOf(at + 1), length + 1));
    const [first, second] = [logs[0]!, logs[1]!];
    if (forkAt !== undefined && forkAt < first.length) {
      const branch = first.slice(0, forkAt);
      for (let length = 0; length < forkLength; length += 1) {
        branch.push(operationAfter(authorOf(1), branch.at(-1)?.header, Uint8Array.of(100 + length)));
      }
      logs.push(branch);
    }
    if (prunes) {
      const point = operationAfter(authorOf(2), second.at(-1)!.header, Uint8Array.of(7), { prune: true });
      second.push(point, operationAfter(authorOf(2), point.header, undefined));
    }
    return logs;
  });
}

/** Makes a replica that has seen some beginning of each history, whatever of them it could take. */
type MakeReplica = () => LogReplica;

function aReplicaOf(histories: readonly Operation[][]): fc.Arbitrary<MakeReplica> {
  const lengths = fc.array(fc.nat(10), { minLength: histories.length, maxLength: histories.length });
  return lengths.map((seen) => {
    const make = (): LogReplica => {
      const replica = new LogReplica();
      for (const [at, history] of histories.entries()) {
        for (const operation of history.slice(0, seen[at])) replica.place(operation);
      }
      return replica;
    };
    return Object.assign(make, { [fc.toStringMethod]: () => make().lines().join('\n') });
  });
}

const twoReplicas = aHistory().chain((histories) => fc.tuple(aReplicaOf(histories), aReplicaOf(histories)));

/** Some replicas of a dozen authors. */
function someReplicas(count: number): fc.Arbitrary<readonly MakeReplica[]> {
  const lengths = fc.array(fc.nat(3), { minLength: 12, maxLength: 12 });
  const shape = lengths.map((some) => some.map((length, at) => logOf(authorOf(at + 1), length + 1)));
  return shape.chain((histories) => fc.array(aReplicaOf(histories), { minLength: count, maxLength: count }));
}

const someAuthors = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));

/** What the sides of a line may say by hashes, having agreed on it. */
const someHashes: fc.Arbitrary<LineHashes> = fc.oneof(
  fc.constant({}),
  fc.record({ digestsFrom: someAuthors }),
  {
    weight: 3,
    arbitrary: fc.record({ digestsFrom: someAuthors, partsFrom: someAuthors }),
  },
);

/** Headers of the operations that went over a line. */
function operationsIn(frames: readonly LogFrame[]): string[] {
  return frames.flatMap((frame) => (frame.type === 'operation' ? [toHex(frame.header)] : []));
}

function expectEqual(left: LogReplica, right: LogReplica): void {
  expect(left.lines()).to.deep.equal(right.lines());
}

/** Two branches that part at the second operation. */
function branches(lengths: readonly [number, number]): LogReplica[] {
  const [first] = logOf(authorOf(1), 1);
  return lengths.map((length, branch) => {
    const operations = [first!];
    while (operations.length < length) {
      operations.push(operationAfter(authorOf(1), operations.at(-1)!.header, Uint8Array.of(branch)));
    }
    return new LogReplica().add(operations);
  });
}

const onlyLog = (replica: LogReplica): { side: Operation[]; canonical: Operation[] } =>
  replica.logs.values().next().value!;

/** Another side that has a log without its bodies, and asks for these before anybody has them. */
class Asker {
  readonly #log: readonly Operation[];
  readonly #sent: LogFrame[] = [];
  readonly #host: SessionHost;

  constructor(log: readonly Operation[]) {
    this.#log = log;
    this.#host = new SessionHost({
      session: 4,
      topic: TOPIC,
      mostLogs: 10,
      store: new LogReplica(),
      wants: () => true,
      send: (frame) => void this.#sent.push(frame),
    });
  }

  async begin(): Promise<void> {
    const { author, log, id } = namesOf(this.#log.at(-1)!);
    const tip = { height: this.#log.length - 1, id: hex(id), side: undefined };
    this.#host.start();
    for (const frame of [
      { type: 'agreed', session: 4 },
      { type: 'have', session: 4, tips: new Map([[author, new Map([[log, tip]])]]), more: false },
      { type: 'done', session: 4 },
    ] satisfies LogFrame[]) {
      this.#host.receive(frame);
      await this.#host.settled();
    }
    expect(this.#host.isLive).to.equal(true);
  }

  /** Asks for bodies from one place to another. */
  async ask(from: number, to: number): Promise<void> {
    const { author, log } = namesOf(this.#log[0]!);
    for (let first = from; first < to; first += MOST_PLACES) {
      const places = Array.from({ length: MOST_PLACES }, (_, at) => first + at);
      this.#host.receive({ type: 'bodies', session: 4, author: hex(author), log: hex(log), places });
      await this.#host.settled();
      expect(this.#sent.pop()).to.deep.equal({ type: 'given', session: 4 });
    }
  }

  /** The places of what this side is sent when it is appended there, from one place to another. */
  tell(from: number, to: number): number[] {
    this.#sent.length = 0;
    for (const operation of this.#log.slice(from, to)) {
      const { header, body } = operation;
      const names = { ...namesOf(operation), sequence: header.sequence };
      const placed = { forkedAt: undefined, mayFollow: false, known: false };
      this.#host.appended({ ...names, ...placed, header: header.bytes, body });
    }
    return this.#sent.flatMap((frame) => {
      const at =
        frame.type === 'live' ? this.#log.findIndex(({ header }) => header.bytes === frame.header) : -1;
      return at < 0 ? [] : [at];
    });
  }
}

describe('sync.session-host', () => {
  for (const form of ['binary', 'json'] satisfies LineForm[]) {
    it(`makes two replicas equal, whatever each held before and says by hashes, over ${form} frames`, async () => {
      await fc.assert(
        fc.asyncProperty(twoReplicas, someHashes, async ([makeLeft, makeRight], hashes) => {
          const [left, right] = [makeLeft(), makeRight()];
          const line = await new SyncLine(left, right, { form, hashes }).run();
          expect([line.left.ended, line.right.ended]).to.deep.equal([undefined, undefined]);
          expect([line.left.live === undefined, line.right.live === undefined]).to.deep.equal([false, false]);
          expectEqual(left, right);
        }),
        seeded(RUNS),
      );
    });
  }

  it('goes on after a cut at any frame, and ends equal', async function () {
    this.timeout(scaled(120_000, 600_000));
    await fc.assert(
      fc.asyncProperty(twoReplicas, someHashes, async ([makeLeft, makeRight], hashes) => {
        const whole = await new SyncLine(makeLeft(), makeRight(), { hashes }).run();
        for (let cutAfter = 0; cutAfter < whole.carried.length; cutAfter += 1) {
          const [left, right] = [makeLeft(), makeRight()];
          const before = await new SyncLine(left, right, { cutAfter, hashes }).run();
          // Who makes a digest too slowly leaves it away, so that everything may be said one frame earlier.
          const isLive = before.left.live !== undefined && before.right.live !== undefined;
          expect(before.isCut ? before.carried.length : isLive).to.equal(before.isCut ? cutAfter : true);
          const again = await new SyncLine(right, left, { hashes }).run();
          expect([again.left.ended, again.right.ended]).to.deep.equal([undefined, undefined]);
          expectEqual(left, right);
        }
      }),
      seeded(scaled(12, 200)),
    );
  });

  it('sends the same operations whatever the two say by hashes', async () => {
    await fc.assert(
      fc.asyncProperty(someReplicas(2), someHashes, async (makes, hashes) => {
        const sent: string[][] = [];
        for (const said of [{}, hashes]) {
          const [left, right] = makes.map((make) => make());
          const line = await new SyncLine(left!, right!, { hashes: said }).run();
          sent.push(operationsIn(line.carried).toSorted());
          expectEqual(left!, right!);
        }
        expect(sent[1]).to.deep.equal(sent[0]);
      }),
      seeded(RUNS),
    );
  });

  it('makes all replicas of a network equal, of which some know hashes of parts, some digests and some neither', async () => {
    const meeting = fc.tuple(fc.nat(3), fc.nat(3), someHashes);
    const meetings = fc.array(meeting, { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(someReplicas(4), meetings, someHashes, async (makes, some, hashes) => {
        const replicas = makes.map((make) => make());
        // Whatever happened before: along a chain there and back everything comes to all.
        const chain = [0, 1, 2, 2, 1, 0].map((at) => [at, at + 1, hashes] as const);
        for (const [one, other, said] of [...some, ...chain]) {
          if (one === other) continue;
          const line = await new SyncLine(replicas[one]!, replicas[other]!, { hashes: said }).run();
          expect([line.left.ended, line.right.ended]).to.deep.equal([undefined, undefined]);
          expectEqual(replicas[one]!, replicas[other]!);
        }
        for (const replica of replicas) expectEqual(replica, replicas[0]!);
      }),
      seeded(scaled(25, 1000)),
    );
  });

  it('shows only the logs of those parts that are not the same', async () => {
    const authors = Array.from({ length: 30 }, (_, at) => authorOf(at + 1));
    const all = authors.flatMap((author) => logOf(author, 2));
    const [left, right] = [new LogReplica().add(all), new LogReplica().add(all)];
    const [ahead, behind] = [authors[7]!, authors[19]!];
    left.add([operationAfter(ahead, logOf(ahead, 2)[1]!.header, undefined)]);
    right.add([operationAfter(behind, logOf(behind, 2)[1]!.header, undefined)]);
    const line = await new SyncLine(left, right).run();
    const firstBytes = new Set([ahead, behind].map(({ publicKey }) => publicKey[0]));
    const shown = line.carried.flatMap((frame) => (frame.type === 'have' ? [...frame.tips.keys()] : []));
    const meant = authors.filter(({ publicKey }) => firstBytes.has(publicKey[0]));
    const keys = meant.map(({ publicKey }) => toHex(publicKey));
    expect(shown.toSorted()).to.deep.equal([...keys, ...keys].toSorted());
    expect(meant).to.have.lengthOf.below(6);
    expect(operationsIn(line.carried)).to.have.lengthOf(2);
    expectEqual(left, right);
  });

  it('sends what is missing and nothing else', async () => {
    const log = logOf(authorOf(1), 20);
    const [left, right] = [new LogReplica().add(log), new LogReplica().add(log.slice(0, 15))];
    right.add(logOf(authorOf(2), 3));
    const line = await new SyncLine(left, right).run();
    const sent = line.carried.filter(({ type }) => type === 'operation');
    expect(sent).to.have.lengthOf(5 + 3);
    expect(line.left.live).to.deep.include({ taken: 3 });
    expect(line.right.live!.taken).to.equal(5);
    expect(line.right.live!.incoming).to.deep.equal(line.left.live!.outgoing);
    const expected = log
      .slice(15)
      .reduce((sum, { header, body }) => sum + header.bytes.length + body!.length, 0);
    expect(line.left.live!.outgoing).to.deep.equal({ operations: 5, bytes: expected });
    expectEqual(left, right);
  });

  it('begins with the log of the other side itself, which may publish nothing meanwhile', async () => {
    const left = new LogReplica().add([1, 2, 3].flatMap((author) => logOf(authorOf(author), 2)));
    const node = toHex(authorOf(2).publicKey);
    const line = await new SyncLine(left, new LogReplica(), { node }).run();
    const own = line.carried.flatMap((frame) => {
      const header = frame.type === 'operation' ? decodeHeader(frame.header) : undefined;
      return header?.ok === true ? [toHex(header.value.author) === node] : [];
    });
    expect(own).to.deep.equal([true, true, false, false, false, false]);
  });

  it('tells a store what is new of what another side brought, and whether that was all', async () => {
    const logs = [1, 2].flatMap((author) => logOf(authorOf(author), 5));
    const toldOver = async (cutAfter?: number): Promise<[unknown[], SyncLine]> => {
      const told: unknown[] = [];
      const left = Object.assign(new LogReplica().add(logs.slice(0, 2)), {
        heard: () => (hasAll: boolean) => told.push(hasAll),
        brought: ({ sequence }: TakenOperation) => told.push(sequence),
      });
      const line = await new SyncLine(left, new LogReplica().add(logs), { cutAfter }).run();
      if (cutAfter !== undefined) line.left.host.abandon();
      return [told, line];
    };
    const [told, { carried }] = await toldOver();
    expect(told).to.deep.equal([2, 3, 4, 0, 1, 2, 3, 4, true]);
    const first = carried.findIndex(({ type }) => type === 'operation');
    expect((await toldOver(first + 4))[0]).to.deep.equal([2, 3, 4, 0, false]);
  });

  it('takes less than a kilobyte for equal replicas, whatever they hold', async () => {
    const logs = [1, 2, 3].flatMap((author) => logOf(authorOf(author), 400));
    const line = await new SyncLine(new LogReplica().add(logs), new LogReplica().add(logs)).run();
    console.log(`      ${line.bytes} bytes`);
    expect(line.bytes).to.be.below(1000);
    expect(line.carried.map(({ type }) => type)).to.have.members([
      'topic',
      'agreed',
      'agreed',
      'digest',
      'digest',
      'done',
      'done',
    ]);
    const authors = Array.from({ length: 60 }, (_, at) => authorOf(at + 1));
    const many = authors.flatMap((author) => logOf(author, 2));
    const [left, right] = [new LogReplica().add(many), new LogReplica().add(many)];
    const equal = await new SyncLine(left, right).run();
    expect(equal.bytes).to.be.below(1000);
    left.add([operationAfter(authors[7]!, logOf(authors[7]!, 2).at(-1)!.header, Uint8Array.of(1))]);
    const behind = await new SyncLine(left, right).run();
    expect(behind.carried.map(({ type }) => type)).to.include.members(['digest', 'have', 'operation']);
    expectEqual(left, right);
  });

  it('takes equal digests for what both had then, though the store goes on meanwhile', async () => {
    const [author, log] = ['a'.repeat(64), 'b'.repeat(64)] as const;
    const tipAt = (height: number): OneLog<Tip> => new OneLog(log, { height, id: new Uint8Array(32) });
    const kept = partedTips([[author, tipAt(7)]]);
    const store = new LogReplica();
    store.tips = () => Promise.resolve(kept);
    const compared: (number | undefined)[] = [];
    store.plan = (_topic, remote) => {
      compared.push(remote.get(author)?.get(log)?.height);
      return Promise.resolve({ operations: 0, bytes: 0, parts: [] });
    };
    const digests: Uint8Array[] = [];
    const host: SessionHost = new SessionHost({
      session: 0,
      topic: TOPIC,
      store,
      mostLogs: 10,
      digestsFrom: 1,
      wants: () => true,
      send: (frame) => void (frame.type === 'digest' && digests.push(frame.digest)),
    });
    host.start();
    host.receive({ type: 'agreed', session: 0 });
    await host.settled();
    kept.set(author, tipAt(8));
    host.receive({ type: 'digest', session: 0, digest: digests[0]! });
    await host.settled();
    expect(compared).to.deep.equal([7]);
    host.close();
  });

  describe('once live', () => {
    const log = logOf(authorOf(1), 12);

    it('passes new operations on, once, and never back', async () => {
      const [left, right] = [new LogReplica().add(log.slice(0, 5)), new LogReplica().add(log.slice(0, 5))];
      const line = await new SyncLine(left, right).run();
      left.onTaken = (operation) => line.left.host.appended(operation);
      right.onTaken = (operation) => line.right.host.appended(operation);
      const before = line.carried.length;
      for (const { header, body } of log.slice(5)) await takeOne(left, new Uint8Array(0), header.bytes, body);
      await line.quiet();
      expect(line.carried.slice(before).map(({ type }) => type)).to.deep.equal(
        log.slice(5).map(() => 'live'),
      );
      expectEqual(left, right);
    });

    it('sends what was appended while the two were comparing', async () => {
      const [left, right] = [new LogReplica().add(log.slice(0, 5)), new LogReplica().add(log.slice(0, 3))];
      const line: SyncLine = new SyncLine(left, right);
      left.onTaken = (operation) => line.left.host.appended(operation);
      const readTips = left.tips.bind(left);
      left.tips = async () => {
        const tips = await readTips();
        for (const { header, body } of log.slice(5))
          await takeOne(left, new Uint8Array(0), header.bytes, body);
        return tips;
      };
      await line.run();
      expectEqual(left, right);
    });

    it('reads what is missing between, when it was not told of everything', async () => {
      const [left, right] = [new LogReplica().add(log.slice(0, 5)), new LogReplica().add(log.slice(0, 5))];
      const line = await new SyncLine(left, right).run();
      left.add(log.slice(5, 9));
      left.onTaken = (operation) => line.left.host.appended(operation);
      await takeOne(left, new Uint8Array(0), log[9]!.header.bytes, log[9]!.body);
      await line.quiet();
      expectEqual(left, right);
    });

    it('spreads a fork that happens then, to both sides', async () => {
      const [left, right] = [new LogReplica().add(log.slice(0, 5)), new LogReplica().add(log.slice(0, 5))];
      const line = await new SyncLine(left, right).run();
      left.onTaken = (operation) => line.left.host.appended(operation);
      right.onTaken = (operation) => line.right.host.appended(operation);
      const other = operationAfter(authorOf(1), log[4]!.header, Uint8Array.of(200));
      const longer = operationAfter(authorOf(1), other.header, Uint8Array.of(201));
      for (const { header, body } of [log[5]!, log[6]!])
        await takeOne(left, new Uint8Array(0), header.bytes, body);
      for (const { header, body } of [other, longer])
        await takeOne(right, new Uint8Array(0), header.bytes, body);
      await line.quiet();
      expect(left.lines().filter((text) => text.includes('side'))).to.have.lengthOf(2);
      expectEqual(left, right);
      expect(left.evidenceTaken + right.evidenceTaken).to.be.above(0);
    });

    it('closes when one side does', async () => {
      const line = await new SyncLine(new LogReplica(), new LogReplica()).run();
      line.right.host.close();
      await line.quiet();
      expect([line.left.ended, line.right.ended]).to.deep.equal([{ by: 'close' }, { by: 'close' }]);
    });
  });

  describe('with branches', () => {
    it('keeps no more of a second branch than it may', async () => {
      for (const lengths of [
        [MOST_SIDE_OPERATIONS + 20, 10],
        [10, MOST_SIDE_OPERATIONS + 20],
      ] as const) {
        const [left, right] = branches(lengths);
        const line = await new SyncLine(left!, right!).run();
        expect([line.left.ended, line.right.ended]).to.deep.equal([undefined, undefined]);
        const [ours, theirs] = [onlyLog(left!), onlyLog(right!)];
        expect(ours.canonical[1]!.header.id).to.deep.equal(theirs.canonical[1]!.header.id);
        const came = lengths[0] > lengths[1] ? theirs : ours;
        expect(came.side.length).to.be.at.most(MOST_SIDE_OPERATIONS);
      }
    });

    it('leaves branches alone that part too far back, and goes on with everything else', async () => {
      const [left, right] = branches([MOST_SIDE_OPERATIONS + 20, MOST_SIDE_OPERATIONS + 20]);
      left!.add(logOf(authorOf(2), 3));
      const line = await new SyncLine(left!, right!).run();
      expect([line.left.live === undefined, line.right.live === undefined]).to.deep.equal([false, false]);
      expect(onlyLog(left!).side.length + onlyLog(right!).side.length).to.equal(0);
      expect(right!.logs.size).to.equal(2);
    });
  });

  describe('with a state vector of several parts', () => {
    const tip: Tip = { height: 0, id: new Uint8Array(32) };
    const logs = Array.from({ length: 3500 }, (_, at) => [`${at}`.padStart(64, '0'), tip] as const);

    /** Lets a session send what it has; told of each frame. */
    async function sending(told: (type: string, host: SessionHost) => void): Promise<void> {
      const store = new LogReplica();
      store.tips = () => Promise.resolve(partedTips([['a'.repeat(64), new Map(logs)]]));
      const host: SessionHost = new SessionHost({
        session: 0,
        topic: TOPIC,
        store,
        mostLogs: 10_000,
        send: ({ type }) => told(type, host),
        wants: () => true,
      });
      host.start();
      host.receive({ type: 'agreed', session: 0 });
      for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    }

    it('sends each in a turn of its own, so that writing it holds nobody up', async () => {
      let turn = 0;
      const counting = (async () => {
        for (; turn < 10; turn += 1) await setImmediate();
      })();
      const turns = new Set<number>();
      await sending((type) => void (type === 'have' && turns.add(turn)));
      await counting;
      expect(turns.size).to.equal(4);
    });

    it('sends no more of them when it has ended', async () => {
      const sent: string[] = [];
      await sending((type, host) => {
        sent.push(type);
        if (type === 'have') host.abandon();
      });
      expect(sent).to.deep.equal(['topic', 'agreed', 'have']);
    });
  });

  it('owes another side so many bodies and no more, and others again once it gave them', async () => {
    const log = logOf(authorOf(1), 3 * MOST_OWED);
    const asker = new Asker(log);
    await asker.begin();
    await asker.ask(0, MOST_OWED + 128);
    await asker.ask(0, MOST_OWED);
    expect(asker.tell(MOST_OWED, MOST_OWED + 128)).to.deep.equal([]);
    const places = log.slice(0, MOST_OWED).map(({ header }) => header.sequence);
    expect(asker.tell(0, MOST_OWED)).to.deep.equal(places);
    expect(asker.tell(0, MOST_OWED)).to.deep.equal([]);
    await asker.ask(2 * MOST_OWED, 2 * MOST_OWED + 64);
    expect(asker.tell(2 * MOST_OWED, 2 * MOST_OWED + 64)).to.have.lengthOf(64);
  });

  it('remembers nothing of authors that are left out, of whom there may be any number', async () => {
    const store = new LogReplica();
    const [known] = logOf(authorOf(1), 1);
    const knownAuthor = namesOf(known!).author;
    store.refusal = ({ author }) => (author === knownAuthor ? undefined : 'newcomers');
    const options = { session: 4, topic: TOPIC, mostLogs: 10, wants: () => true, send: () => undefined };
    const host = new SessionHost({ ...options, store });
    host.start();
    const frames: LogFrame[] = [
      { type: 'agreed', session: 4 },
      { type: 'have', session: 4, tips: new Map(), more: false },
    ];
    for (let author = 1; author <= 50; author += 1) {
      const [{ header, body } = known!] = logOf(authorOf(author), 1);
      frames.push({ type: 'operation', session: 4, header: header.bytes, body });
    }
    for (const frame of [...frames, { type: 'done', session: 4 } satisfies LogFrame]) {
      host.receive(frame);
      await host.settled();
    }
    expect(host.isLive).to.equal(true);
    expect(host.logCount).to.equal(1);
  });

  it('ends a session whose other side sends what is not true', async () => {
    const log = logOf(authorOf(1), 3);
    const left = new LogReplica().add(log);
    const lie = left.read.bind(left);
    left.read = async (part, most) => {
      const page = await lie(part, most);
      return page.map((operation) => Object.assign(operation, { body: Uint8Array.of(66) }));
    };
    const right = new LogReplica();
    const line = await new SyncLine(left, right).run();
    expect(line.right.ended).to.deep.equal({ by: 'fault', reason: 'payload' });
    expect(line.left.ended).to.deep.include({ by: 'peer', code: 5 });
    expect(right.lines()).to.deep.equal([]);
  });

  it('ends a session when a store fails, on either side', async () => {
    const right = new LogReplica();
    right.broken = true;
    const line = await new SyncLine(new LogReplica().add(logOf(authorOf(1), 3)), right).run();
    expect(line.right.ended).to.deep.equal({ by: 'fault', reason: 'storage' });
    const left = new LogReplica();
    left.tips = () => Promise.reject(new Error('broken'));
    const other = await new SyncLine(left, new LogReplica()).run();
    expect(other.left.ended).to.deep.equal({ by: 'fault', reason: 'storage' });
    expect(other.right.ended).to.deep.include({ by: 'peer', code: 103 });
  });

  it('refuses a topic that is not wanted', async () => {
    const line = await new SyncLine(new LogReplica(), new LogReplica(), { wants: false }).run();
    expect(line.right.ended).to.deep.equal({ by: 'fault', reason: 'topic' });
    expect(line.left.ended).to.deep.include({ by: 'peer', code: 101 });
  });
});
