import { expect } from 'chai';
import * as fc from 'fast-check';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import type { Header } from '../../../lib/log/codec.ts';
import { encodeEnvelope } from '../../../lib/log/envelope.ts';
import { encodeCbor } from '../../../lib/log/cbor-writer.ts';
import { isCanonical, MOST_SIDE_OPERATIONS } from '../../../lib/log/fork.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import { PartedTips } from '../../../lib/log/parted-tips.ts';
import { placeKey } from '../../../lib/store/log-keys.ts';
import { takeOne } from '../../../lib/sync/intake.ts';
import { takenOperation } from '../../../lib/sync/taken-operation.ts';
import { seeded } from '../../support/arbitraries.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter, TOPIC, verifyFast } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';
import { SyncLine } from '../../support/sync-world.ts';
import { verifyingBy } from '../../support/verify-later.ts';
import { scaled } from '../../torture/scale.ts';

function saidBy(author: number, length: number): Operation[] {
  return logOf(authorOf(author), length, (at) =>
    bodyOf([writeOf(`s${at % 3}`, `k${author}`, at, `${author}-${at}`)]),
  );
}

/** Two stores that know some of three histories, one of them with two branches, and what came unsigned. */
async function twoStores(cuts: readonly number[], branchAt: number): Promise<[LoggedStore, LoggedStore]> {
  const first = saidBy(1, 6);
  const histories = [first, saidBy(2, 6), saidBy(3, 6)];
  const branch = first.slice(0, branchAt);
  for (let at = branchAt; at < branchAt + 3; at += 1) {
    const write = writeOf('branch', `k${at}`, at, at);
    branch.push(operationAfter(authorOf(1), branch.at(-1)?.header, bodyOf([write])));
  }
  histories.push(branch);
  const open = async (at: number): Promise<LoggedStore> => {
    const store = await openLogged({ signer: authorOf(100 + at) });
    for (const [index, history] of histories.entries()) {
      for (const operation of history.slice(0, cuts[at * 4 + index])) await store.take(operation);
    }
    await store.small.put([writeOf('unsigned', `by${at}`, 5, at), writeOf('s0', 'k1', 100 + at, 'unsigned')]);
    await store.witness.flush();
    return store;
  };
  return [await open(0), await open(1)];
}

/** Two stores with the same logs, one of which was given some of them without bodies. */
async function stripped(logs: readonly Operation[][]): Promise<[LoggedStore, LoggedStore]> {
  const [left, right] = [await openLogged(), await openLogged()];
  for (const operation of logs.flat()) {
    await left.take(operation);
    await takeOne(right.sync, TOPIC, operation.header.bytes, undefined);
  }
  return [left, right];
}

async function expectEqual(left: LoggedStore, right: LoggedStore): Promise<void> {
  expect(await right.lines()).to.deep.equal(await left.lines());
  expect(await right.small.lines()).to.deep.equal(await left.small.lines());
}

describe('sync.stored-logs', () => {
  it('makes the logs and the graphs of two stores equal', async function () {
    this.timeout(scaled(120_000, 600_000));
    const cuts = fc.array(fc.nat(9), { minLength: 8, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        cuts,
        fc.nat(5),
        fc.option(fc.nat(30), { nil: undefined }),
        async (at, branchAt, cutAfter) => {
          const [left, right] = await twoStores(at, branchAt);
          if (cutAfter !== undefined) await new SyncLine(left.sync, right.sync, { cutAfter }).run();
          const line = await new SyncLine(left.sync, right.sync).run();
          expect([line.left.ended, line.right.ended]).to.deep.equal([undefined, undefined]);
          expect(await left.lines()).to.deep.equal(await right.lines());
          expect(await left.small.lines()).to.deep.equal(await right.small.lines());
          // What came in an operation is nobody else's to witness.
          await left.witness.flush();
          await right.witness.flush();
          const again = await new SyncLine(left.sync, right.sync).run();
          expect(again.carried.filter(({ type }) => type === 'operation')).to.have.lengthOf(0);
          await left.close();
          await right.close();
        },
      ),
      {
        ...seeded(scaled(25, 300)),
        // Cut off when the evidence of a fork was there and the other branch was not.
        examples: [[[0, 0, 0, 0, 6, 0, 0, 6], 5, 11]],
      },
    );
  });

  describe('beside a log that its author forks to stop the others', () => {
    const author = authorOf(1);
    const log = saidBy(1, 5);
    const others = saidBy(2, 3);

    /** A branch that parts behind the log. */
    function branch(name: string, length: number): Operation[] {
      const operations: Operation[] = [];
      for (let at = 0; at < length; at += 1) {
        const before = operations.at(-1) ?? log.at(-1)!;
        const write = writeOf('branch', `${name}${at}`, at, name);
        operations.push(operationAfter(author, before.header, bodyOf([write])));
      }
      return operations;
    }

    /** Two stores that hold different parts of it come to have everything else, twice, and both know what it is. */
    async function expectSynced(
      given: readonly (readonly Operation[])[],
      policy: 'tolerate' | 'freeze' = 'tolerate',
    ): Promise<void> {
      const [left, right] = [await openLogged(), await openLogged({ policy })];
      for (const [at, store] of [left, right].entries())
        for (const operation of [...log, ...given[at]!]) await store.take(operation);
      for (const operation of others) await left.take(operation);
      for (let session = 0; session < 2; session += 1) {
        const line = await new SyncLine(left.sync, right.sync).run();
        expect([line.left.ended, line.right.ended]).to.deep.equal([undefined, undefined]);
        expect([line.left.live === undefined, line.right.live === undefined]).to.deep.equal([false, false]);
      }
      expect(await right.logs.heads()).to.have.lengthOf(2);
      expect([left.forks.size, right.forks.size]).to.deep.equal([1, 1]);
      await left.close();
      await right.close();
    }

    it('into three branches, of which each holds another two', async () => {
      const [a, b, c] = ['a', 'b', 'c']
        .map((name) => branch(name, 3))
        .toSorted(([one], [other]) => (isCanonical(one!.header.id, other!.header.id) ? -1 : 1));
      await expectSynced([
        [a![0]!, ...b!],
        [a![0]!, ...c!],
      ]);
    });

    it('into two that are longer than a side branch may be, which is noticed', async function () {
      this.timeout(20_000);
      await expectSynced([branch('a', MOST_SIDE_OPERATIONS + 10), branch('b', MOST_SIDE_OPERATIONS + 20)]);
    });

    it('and goes on, where one of them takes no more of it', async () => {
      const longer = branch('a', 6);
      const other = branch('b', 1);
      await expectSynced(
        [
          [...longer, ...other],
          [longer[0]!, ...other],
        ],
        'freeze',
      );
    });
  });

  describe('where somebody left the bodies of operations away', () => {
    it('asks others for them, however many there are, and of no more than it lacks', async function () {
      this.timeout(20_000);
      const [left, right] = await stripped([saidBy(1, 200), saidBy(2, 3), saidBy(3, 70)]);
      const line = await new SyncLine(left.sync, right.sync).run();
      expect([line.left.ended, line.right.ended]).to.deep.equal([undefined, undefined]);
      await expectEqual(left, right);
      expect(line.carried.filter(({ type }) => type === 'live')).to.have.lengthOf(273);
      const again = await new SyncLine(right.sync, left.sync).run();
      expect(again.carried.filter(({ type }) => type === 'bodies')).to.have.lengthOf(0);
      await left.close();
      await right.close();
    });

    it('asks next time for others when nobody has them, and not for long', async () => {
      const logs = [saidBy(1, 300)];
      const [left, right] = await stripped(logs);
      const third = await openLogged();
      for (const operation of logs.flat())
        await takeOne(third.sync, TOPIC, operation.header.bytes, undefined);
      const asked = new Set<number>();
      for (const questions of [6, 4]) {
        const line = await new SyncLine(third.sync, right.sync).run();
        const ours = line.carried.filter((frame) => frame.type === 'bodies');
        expect(ours).to.have.lengthOf(questions);
        for (const frame of ours) for (const place of frame.places) asked.add(place);
      }
      expect(asked.size).to.equal(300);
      await new SyncLine(left.sync, right.sync).run();
      await expectEqual(left, right);
      await Promise.all([left, right, third].map((store) => store.close()));
    });

    it('asks who has them for those too that others were asked for in vain', async () => {
      const log = saidBy(1, 300);
      const [left, right] = await stripped([log]);
      const third = await openLogged();
      for (const { header } of log) await takeOne(third.sync, TOPIC, header.bytes, undefined);
      await new SyncLine(third.sync, right.sync).run();
      const line = await new SyncLine(left.sync, right.sync).run();
      await expectEqual(left, right);
      expect(line.carried.filter(({ type }) => type === 'bodies')).to.have.lengthOf(5);
      await Promise.all([left, right, third].map((store) => store.close()));
    });

    it('passes on what it is given then to those who were told without', async () => {
      const [left, right] = await stripped([saidBy(1, 3)]);
      const third = await openLogged();
      const line = await new SyncLine(right.sync, third.sync).run();
      right.logs.onAppended((appended) => {
        for (const { operation, placement } of appended)
          line.left.host.appended(takenOperation(operation, placement));
      });
      await new SyncLine(left.sync, right.sync).run();
      await line.quiet();
      await expectEqual(left, third);
      await Promise.all([left, right, third].map((store) => store.close()));
    });

    it('tells nobody of what he has brought himself', async () => {
      const [left, right] = await stripped([saidBy(1, 3)]);
      const line = new SyncLine(left.sync, right.sync);
      right.logs.onAppended((appended) => {
        for (const { operation, placement } of appended)
          line.right.host.appended(takenOperation(operation, placement));
      });
      await line.run();
      await expectEqual(left, right);
      expect(line.carried.filter(({ type }) => type === 'live')).to.have.lengthOf(3);
      await left.close();
      await right.close();
    });

    it('gives what it is asked for when it comes later', async () => {
      const log = saidBy(1, 3);
      const [left, right] = await stripped([log]);
      const third = await openLogged();
      const line = await new SyncLine(right.sync, third.sync).run();
      for (const { header, body: said } of log) await takeOne(third.sync, TOPIC, header.bytes, said);
      for (const operation of log) line.right.host.appended(takenOperation(operation, 'append'));
      await line.quiet();
      await expectEqual(left, right);
      await Promise.all([left, right, third].map((store) => store.close()));
    });

    it('gives nothing of other topics', async () => {
      const [left, right] = await stripped([saidBy(1, 1)]);
      const lacking = await right.sync.lacking(5);
      expect(lacking?.places).to.deep.equal([0]);
      expect(await left.sync.at(TOPIC, lacking!, 0)).to.have.lengthOf(1);
      expect(await left.sync.at(new Uint8Array(32), lacking!, 0)).to.deep.equal([]);
      expect(await left.sync.at(TOPIC, lacking!, 2 ** 32 - 1)).to.deep.equal([]);
      expect(await right.sync.lacking(5)).to.equal(undefined);
      expect(await right.sync.lacking(5)).to.deep.equal(lacking);
      await left.close();
      await right.close();
    });
  });

  it('sends a log once that begins at the last place there is', async () => {
    const [left, right] = [await openLogged(), await openLogged()];
    const before = { sequence: 2 ** 32 - 2, id: new Uint8Array(32) } as Header;
    const last = operationAfter(authorOf(1), before, bodyOf([writeOf('s', 'k', 1, 1)]), { prune: true });
    await left.take(last);
    const line = await new SyncLine(left.sync, right.sync).run();
    expect(line.carried.filter(({ type }) => type === 'operation')).to.have.lengthOf(1);
    await expectEqual(left, right);
    await left.close();
    await right.close();
  });

  it('sends of a log that lacks an operation what stands before that, and all other logs', async () => {
    const [left, right] = [await openLogged(), await openLogged()];
    const logs = [1, 2, 3, 4].map((author) => saidBy(author, 600));
    for (const operation of logs.flat()) await left.take(operation);
    // In the middle of what is read at once, at the beginning of it, and at the end of the log.
    const lost = [
      [1, 3],
      [2, 256],
      [3, 599],
    ] as const;
    for (const [author, at] of lost) {
      const names = namesOf(logs[author - 1]![at]!);
      await left.small.memory.commit([[placeKey('canonical', names.author, names.log, at), undefined]]);
    }
    const line = await new SyncLine(left.sync, right.sync).run();
    expect([line.left.ended, line.right.ended]).to.deep.equal([undefined, undefined]);
    const held = [3, 256, 599, 600].map((length, at) => logs[at]!.slice(0, length));
    const expected = await openLogged();
    for (const operation of held.flat()) await expected.take(operation);
    await expectEqual(expected, right);
    // What comes behind it later goes to nobody either, and ends no session.
    await left.take(operationAfter(authorOf(2), logs[1]!.at(-1)!.header, bodyOf([])));
    const again = await new SyncLine(left.sync, right.sync).run();
    expect([again.left.ended, again.right.ended]).to.deep.equal([undefined, undefined]);
    await expectEqual(expected, right);
    for (const store of [left, right, expected]) await store.close();
  });

  it('says how much is missing without reading it', async () => {
    const store = await openLogged();
    const log = saidBy(1, 9);
    for (const operation of log) await store.take(operation);
    const bytes = log.reduce(
      (sum, operation) => sum + operation.header.bytes.length + operation.body!.length,
      0,
    );
    const reads = store.small.storage.calls.getBytes;
    expect(await store.sync.plan(TOPIC, PartedTips.empty())).to.deep.include({ operations: 9, bytes });
    expect(store.small.storage.calls.getBytes).to.equal(reads);
    const tips = await store.sync.tips(TOPIC);
    expect(await store.sync.plan(TOPIC, tips)).to.deep.equal({ operations: 0, bytes: 0, parts: [] });
    await store.close();
  });

  it('compares nothing of what the other side is known to have, as it shares that', async () => {
    const store = await openLogged();
    for (const author of [1, 2, 3]) for (const operation of saidBy(author, 2)) await store.take(operation);
    const remote = (await store.sync.tips(TOPIC)).snapshot();
    await store.take(saidBy(2, 3)[2]!);
    const asked: string[] = [];
    const unlike = remote.unlike.bind(remote);
    remote.unlike = (local) => {
      const theirs = unlike(local);
      const get = theirs.get.bind(theirs);
      theirs.get = (author) => {
        asked.push(author);
        return get(author);
      };
      return theirs;
    };
    const plan = await store.sync.plan(TOPIC, remote);
    const { author } = namesOf(saidBy(2, 1)[0]!);
    expect(plan.parts.map((part) => [part.author, part.after, part.until])).to.deep.equal([[author, 1, 2]]);
    expect([...new Set(asked)]).to.deep.equal([author]);
    await store.close();
  });

  it('reads its state vector once for all sessions, and shows a fork known by evidence alone to them only', async () => {
    const store = await openLogged();
    for (const author of [1, 2]) for (const operation of saidBy(author, 2)) await store.take(operation);
    const [ours, other] = [saidBy(1, 1)[0]!, operationAfter(authorOf(1), undefined, bodyOf([]))];
    await store.sync.takeEvidence(ours.header.bytes, other.header.bytes);
    const shown = await store.sync.tips(TOPIC);
    const { next } = store.small.storage.calls;
    const { author, log } = namesOf(ours);
    expect(shown.get(author)?.get(log)?.side).to.have.lengthOf(32);
    expect((await store.logs.tips(toHex(TOPIC))).get(author)?.get(log)?.side).to.equal(undefined);
    await store.take(saidBy(2, 3)[2]!);
    const tips = await store.sync.tips(TOPIC);
    expect(tips.get(namesOf(saidBy(2, 1)[0]!).author)?.get(log)?.height).to.equal(2);
    expect((await store.sync.plan(TOPIC, shown)).operations).to.equal(1);
    expect(store.small.storage.calls.next - next, 'walks but for the one operation').to.equal(0);
    await store.close();
  });

  it('blames nobody for what its threads could not check, and takes it the next time', async () => {
    let isBroken = true;
    const verifyLater = verifyingBy((...given) =>
      isBroken ? Promise.reject(new Error('no memory')) : Promise.resolve(verifyFast(...given)),
    );
    const [left, right] = [await openLogged(), await openLogged({ verifyLater })];
    for (const operation of saidBy(1, 3)) await left.take(operation);
    const line = await new SyncLine(left.sync, right.sync).run();
    expect(line.right.ended).to.deep.equal({ by: 'fault', reason: 'storage' });
    expect(line.left.ended).to.deep.include({ by: 'peer', code: 103 });
    expect(Object.values(right.refusals.counts).some((count) => count > 0)).to.equal(false);
    isBroken = false;
    await new SyncLine(left.sync, right.sync).run();
    await expectEqual(left, right);
    for (const store of [left, right]) await store.close();
  });

  it('refuses operations of other topics, and bodies that are not what they say', async () => {
    const store = await openLogged();
    const [operation] = saidBy(1, 1);
    const { bytes } = operation!.header;
    const reason = async (
      header: Uint8Array,
      content: Uint8Array | undefined,
      topic = TOPIC,
    ): Promise<string> => {
      const taken = await takeOne(store.sync, topic, header, content);
      return taken.ok ? 'ok' : taken.reason;
    };
    expect(await reason(bytes, operation!.body, new Uint8Array(32))).to.equal('log');
    expect(await reason(bytes, bodyOf([]))).to.equal('payload');
    expect(await reason(bytes.subarray(1), operation!.body)).to.equal('malformed');
    const wrong = encodeEnvelope({ kind: 'gun/put', version: 1, payload: encodeCbor('x'), meta: undefined });
    expect(await reason(operationAfter(authorOf(2), undefined, wrong).header.bytes, wrong)).to.equal('body');
    store.small.storage.fails = (step) => step === 'commit';
    expect(await reason(bytes, operation!.body)).to.equal('storage');
    store.small.storage.fails = () => false;
    expect(await reason(bytes, operation!.body)).to.equal('ok');
    const known = await takeOne(store.sync, TOPIC, bytes, undefined);
    expect(known.ok && known.value.known).to.equal(true);
    await store.close();
  });
});
