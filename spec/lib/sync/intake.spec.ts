import { equalBytes } from '../../../lib/base/bytes.ts';
import { expect } from 'chai';
import { Slices } from '../../../lib/base/slices.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { takenOperation } from '../../../lib/sync/taken-operation.ts';
import { ImpatientSlices } from '../../support/impatient-slices.ts';
import { authorOf, logOf, verifyFast } from '../../support/log-maker.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { NotingIntake, told } from '../../support/noting-intake.ts';
import { verifyingBy } from '../../support/verify-later.ts';

const LOG = logOf(authorOf(1), 40, (at) => bodyOf([writeOf('soul', `k${at}`, 5, at)]));

describe('sync.intake', () => {
  it('submits what is true in the order in which it came, and tells of it before it is stored', async () => {
    const noting = new NotingIntake();
    const { requests, seen } = noting;
    const taking = LOG.map((operation) => noting.take(operation));
    await noting.submitted(LOG.length);
    expect(seen.map(({ sequence }) => sequence)).to.deep.equal(LOG.map(({ header }) => header.sequence));
    for (const request of requests) request.settle({ ok: true, changed: [], placement: 'append' });
    const taken = await Promise.all(taking);
    expect(taken.map((one) => one.ok && told(one.value))).to.deep.equal(
      LOG.map((operation) => told(takenOperation(operation, 'append'))),
    );
    expect(requests.map(({ writes }) => writes.length)).to.deep.equal(LOG.map(() => 1));
  });

  it('checks many that come at once in slices', async () => {
    let turns = 0;
    let now = 0;
    const slices = new Slices({
      schedule: (task) => {
        turns += 1;
        setImmediate(task);
      },
      now: () => (now += 4),
    });
    const noting = new NotingIntake({ slices });
    for (const operation of LOG) void noting.take(operation);
    await noting.submitted(LOG.length);
    expect(turns).to.be.above(5);
  });

  it('looks at the clock behind every large one', async () => {
    const slices = new ImpatientSlices();
    const noting = new NotingIntake({ slices });
    const large = logOf(authorOf(2), 40, (at) => bodyOf([writeOf('soul', `k${at}`, 5, 'x'.repeat(20_000))]));
    for (const operation of large) void noting.take(operation);
    await noting.submitted(large.length);
    const turns = [slices.turns];
    for (const operation of LOG) void noting.take(operation);
    await noting.submitted(large.length + LOG.length);
    turns.push(slices.turns - turns[0]!);
    expect(turns[0]).to.be.above(1.5 * turns[1]!);
  });

  it('looks at the clock behind every large one whose signature others check, too', async () => {
    let [turn, now] = [0, 0];
    const slices = new Slices({
      schedule: (task) =>
        setImmediate(() => {
          turn += 1;
          task();
        }),
      now: () => (now += 4),
    });
    const begunIn: number[] = [];
    const verifyLater = verifyingBy(() => {
      begunIn.push(turn);
      return Promise.resolve(true);
    });
    const noting = new NotingIntake({ slices, verifyLater });
    const large = logOf(authorOf(2), 20, (at) => bodyOf([writeOf('soul', `k${at}`, 5, 'x'.repeat(20_000))]));
    for (const operation of large) void noting.take(operation);
    await noting.submitted(large.length);
    expect(begunIn).to.have.lengthOf(large.length);
    expect(new Set(begunIn).size).to.equal(large.length);
    // A larger one takes several turns by itself, whoever checks its signature.
    const [huge] = logOf(authorOf(3), 1, () => bodyOf([writeOf('soul', 'k', 5, 'x'.repeat(1_000_000))]));
    for (const intake of [noting, new NotingIntake({ slices })]) {
      const before = turn;
      const count = intake.requests.length;
      void intake.take(huge!);
      await intake.submitted(count + 1);
      expect(turn - before).to.be.above(8);
    }
  });

  it('reads what one body says over many turns when that is much', async () => {
    const slices = new ImpatientSlices();
    const noting = new NotingIntake({ slices });
    const many = Array.from({ length: 5000 }, (_, at) => writeOf('soul', `k${10_000 + at}`, 5, at));
    const [operation] = logOf(authorOf(2), 1, () => bodyOf(many));
    void noting.take(operation!);
    await noting.submitted(1);
    expect(slices.turns).to.be.above(3);
    expect(noting.requests[0]!.writes).to.deep.equal(many);
  });

  it('takes no operation whose signature cannot be checked, and goes on with the others', async () => {
    const many = logOf(authorOf(2), 6, () => undefined);
    const noting = new NotingIntake({
      verify: () => true,
      verifyLater: (key, message, signature, decided) => {
        const { sequence } = many.find(({ header }) => equalBytes(header.signature, signature))!.header;
        if (sequence === 1) throw new Error('no thread');
        // Some are told within the call.
        if (sequence === 3) decided(verifyFast(key, message, signature));
        else if (sequence === 4) setImmediate(decided, new Error('the thread ended'));
        else setImmediate(decided, verifyFast(key, message, signature));
      },
    });
    const taking = many.map((operation) => noting.take(operation));
    const failed = await Promise.allSettled([taking[1], taking[4]]);
    expect(failed.map((one) => (one.status === 'rejected' ? String(one.reason) : ''))).to.deep.equal([
      'Error: no thread',
      'Error: the thread ended',
    ]);
    await noting.submitted(4);
    expect(noting.seen.map(({ sequence }) => sequence)).to.deep.equal([0, 2, 3, 5]);
    expect(noting.requests).to.have.lengthOf(4);
  });

  it('has signatures checked beside each other, not too many, and submits in the order in which all came', async () => {
    const forgedAt = 7;
    const many = logOf(authorOf(2), 200, () => undefined);
    let running = 0;
    let most = 0;
    let asked = 0;
    const noting = new NotingIntake({
      verify: () => false,
      verifyLater: verifyingBy(async (key, message, signature) => {
        const [isRight, number] = [verifyFast(key, message, signature), asked];
        running += 1;
        asked += 1;
        most = Math.max(most, running);
        // Threads overtake each other.
        for (let turns = number % 5; turns >= 0; turns -= 1) await new Promise(setImmediate);
        running -= 1;
        return isRight;
      }),
    });
    const taking = many.map((operation, at) => {
      const bytes = operation.header.bytes.slice();
      if (at === forgedAt) bytes[60]! ^= 1;
      return noting.take({ ...operation, header: { ...operation.header, bytes } });
    });
    expect(await taking[forgedAt]).to.deep.equal({ ok: false, reason: 'signature' });
    const right = many.map(({ header }) => header.sequence).filter((at) => at !== forgedAt);
    await noting.submitted(right.length);
    expect(noting.seen.map(({ sequence }) => sequence)).to.deep.equal(right);
    expect(noting.requests.map(({ operation }) => operation!.header.sequence)).to.deep.equal(right);
    expect(asked).to.equal(many.length);
    expect(most).to.be.within(8, 32);
  });

  it('rejects what cannot be decided, and goes on with the next', async () => {
    let isBroken = true;
    const noting = new NotingIntake({
      allow: (writes) => (isBroken ? Promise.reject(new Error('unreadable')) : writes),
    });
    const failed = await noting.take(LOG[0]!).catch((error: unknown) => String(error));
    expect(failed).to.equal('Error: unreadable');
    isBroken = false;
    void noting.take(LOG[0]!);
    expect(await noting.submitted(1)).to.have.lengthOf(1);
  });
});
