import { toHex } from '../../../lib/base/byte-texts.ts';
import { equalBytes } from '../../../lib/base/bytes.ts';
import { expect } from 'chai';
import { Slices } from '../../../lib/base/slices.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import type { Placement } from '../../../lib/log/placement.ts';
import type { PutRequest } from '../../../lib/store/put-request.ts';
import { Intake, takenOperation, takeOne, type IntakeOptions } from '../../../lib/sync/intake.ts';
import type { SeenOperation, TakenOperation, TakeResult } from '../../../lib/sync/sync-store.ts';
import { ImpatientSlices } from '../../support/impatient-slices.ts';
import { authorOf, logOf, TOPIC, verifyFast } from '../../support/log-maker.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { verifyingBy } from '../../support/verify-later.ts';

const LOG = logOf(authorOf(1), 40, (at) => bodyOf([writeOf('soul', `k${at}`, 5, at)]));

/** An intake before a writer that notes requests, and settles them when told. */
class NotingIntake {
  readonly requests: PutRequest[] = [];
  readonly seen: SeenOperation[] = [];
  readonly intake: Intake;

  constructor(changes: Partial<IntakeOptions> = {}) {
    const submit = (request: PutRequest): void => void this.requests.push(request);
    this.intake = new Intake({ submit, verify: verifyFast, ...changes });
  }

  take({ header, body }: Operation): Promise<TakeResult> {
    return new Promise((settle, fail) => {
      const seen = (operation: SeenOperation): void => void this.seen.push(operation);
      const taker = { node: 'the node', isInvited: true, seen, settle, fail };
      this.intake.take(TOPIC, header.bytes, body, taker);
    });
  }

  /** Waits until so many requests came. */
  async submitted(count: number): Promise<readonly PutRequest[]> {
    while (this.requests.length < count) await new Promise(setImmediate);
    return this.requests;
  }
}

/** All that is told of an operation that was taken in. */
function told(taken: TakenOperation): TakenOperation {
  const { author, log, id, sequence, header, body, forkedAt, mayFollow, known } = taken;
  return { author, log, id, sequence, header, body, forkedAt, mayFollow, known };
}

describe('sync.intake', () => {
  it('tells of an operation what its header says, and of its place what its log does', () => {
    const [operation] = LOG;
    const { header, body } = operation!;
    const names = { ...namesOf(operation!), sequence: header.sequence, header: header.bytes, body };
    const common = { ...names, forkedAt: undefined, mayFollow: false, known: false };
    const placed = (placement: Placement): TakenOperation => told(takenOperation(operation!, placement));
    expect(placed('append')).to.deep.equal(common);
    expect(placed('known')).to.deep.equal({ ...common, known: true });
    expect(placed('switch')).to.deep.equal({ ...common, forkedAt: 0 });
    expect(placed('side-append')).to.deep.equal({ ...common, mayFollow: true });
    expect(placed('side-start')).to.deep.equal({ ...common, forkedAt: 0, mayFollow: true });
    const [pruning] = logOf(authorOf(1), 1, undefined, { prune: true });
    expect(takenOperation(pruning!, 'append').mayFollow).to.equal(true);
  });

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

  it('says which operation a signature or a body does not fit, and submits nothing', async () => {
    const noting = new NotingIntake();
    const [first, second] = LOG;
    const forged = first!.header.bytes.slice();
    forged[60]! ^= 1;
    expect(await takeOne(noting.intake, TOPIC, forged, first!.body)).to.include({
      reason: 'signature',
    });
    expect(await noting.take({ ...first!, body: second!.body })).to.include({ reason: 'payload' });
    expect(await takeOne(noting.intake, new Uint8Array(32), first!.header.bytes, first!.body)).to.include({
      reason: 'log',
    });
    expect([noting.requests, noting.seen]).to.deep.equal([[], []]);
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

  it('has nobody check the signature of what is wrong anyhow', async () => {
    let asked = 0;
    const verifyLater = verifyingBy(() => {
      asked += 1;
      return Promise.resolve(true);
    });
    const noting = new NotingIntake({ verifyLater });
    expect(await noting.take({ ...LOG[0]!, body: LOG[1]!.body })).to.include({ reason: 'payload' });
    expect(asked).to.equal(0);
  });

  it('says to the graph what is allowed, and keeps the operation whatever is', async () => {
    for (const later of [false, true]) {
      const noting = new NotingIntake({
        allow: (writes) => {
          const some = writes.slice(1);
          return later ? Promise.resolve(some) : some;
        },
      });
      void noting.take(LOG[0]!);
      const [request] = await noting.submitted(1);
      expect([request!.writes.length, request!.operation?.header.sequence]).to.deep.equal([0, 0]);
    }
  });

  it('says nothing of souls that belong to other keys', async () => {
    const noting = new NotingIntake({ allow: (writes) => writes });
    const [own, foreign] = [1, 2].map((number) => `@${toHex(authorOf(number).publicKey)}/x`);
    const writes = ['open', own!, foreign!].map((soul) => writeOf(soul, 'k', 5, 1));
    const [operation] = logOf(authorOf(1), 1, () => bodyOf(writes));
    void noting.take(operation!);
    const [request] = await noting.submitted(1);
    expect(request!.writes.map(({ soul }) => soul)).to.have.members(['open', own]);
  });

  it('tells what changed, and of a writer that refuses', async () => {
    const changed: (readonly [number, string | undefined])[] = [];
    const noting = new NotingIntake({ changed: (writes, node) => changed.push([writes.length, node]) });
    const taking = LOG.slice(0, 3).map((operation) => noting.take(operation));
    const [first, second, third] = await noting.submitted(3);
    first!.settle({ ok: true, changed: first!.writes, placement: 'append' });
    second!.settle({ ok: false, reason: 'x', logReason: 'gap' });
    third!.settle({ ok: false, reason: 'the disk is full' });
    const results = await Promise.all(taking);
    expect(results.map((result) => (result.ok ? 'ok' : result.reason))).to.deep.equal([
      'ok',
      'gap',
      'storage',
    ]);
    expect(changed).to.deep.equal([[1, 'the node']]);
  });

  it('lets nobody wait for decisions about others, and keeps the order of each author', async () => {
    const decide: (() => void)[] = [];
    const noting = new NotingIntake({
      allow: (writes, author) =>
        author === namesOf(LOG[0]!).author && writes[0]!.key !== 'k2'
          ? new Promise((resolve) => decide.push(() => resolve(writes)))
          : writes,
    });
    for (const operation of LOG.slice(0, 4)) void noting.take(operation);
    const others = logOf(authorOf(2), 3, (at) => bodyOf([writeOf('soul', `o${at}`, 5, at)]));
    for (const operation of others) void noting.take(operation);
    const keys = (): string[] => noting.requests.map(({ writes }) => writes[0]!.key);
    await noting.submitted(3);
    expect(keys()).to.deep.equal(['o0', 'o1', 'o2']);
    for (const count of [4, 6, 7]) {
      expect(decide).to.have.lengthOf(1);
      decide.pop()!();
      await noting.submitted(count);
      await new Promise(setImmediate);
    }
    expect(keys().slice(3)).to.deep.equal(['k0', 'k1', 'k2', 'k3']);
    void noting.take(LOG[2]!);
    await noting.submitted(8);
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
