import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { encodeDelta } from '../../../lib/store/delta-codec.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { LogRoom, type LogOpener, type LogShare } from '../../../lib/store/log-room.ts';
import { submitted, type PutOutcome } from '../../../lib/store/put-request.ts';
import { takeOne } from '../../../lib/sync/intake.ts';
import { authorOf, logOf, TOPIC } from '../../support/log-maker.ts';
import { openLogged } from '../../support/logged-store.ts';

/** A share that notes what is taken of it. */
class NotingShare implements LogShare {
  readonly most: number;
  readonly taken: number[] = [];

  constructor(most: number) {
    this.most = most;
  }

  has(cost: number): boolean {
    return this.taken.reduce((sum, one) => sum + one, cost) <= this.most;
  }

  take(cost: number): void {
    this.taken.push(cost);
  }
}

/** Two first headers of an author, which contradict each other. */
function forkBy(author: number): [Uint8Array, Uint8Array] {
  const headerAt = (timestamp: bigint): Uint8Array =>
    logOf(authorOf(author), 1, () => undefined, { timestamp })[0]!.header.bytes;
  return [headerAt(5n), headerAt(6n)];
}

describe('store.log-room', () => {
  const logs = [1, 2, 3, 4].map((author) => logOf(authorOf(author), 2, () => undefined));
  const limits = { logAuthors: 2 };

  it('shuts out new authors of strangers alone, within one commit too and after a restart', async () => {
    const memory = new MemoryStorage();
    let store = await openLogged({ memory, limits, witnesses: false });
    const outcomes = await Promise.all(logs.slice(0, 3).map(([first]) => store.take(first!)));
    expect(outcomes.map(({ ok }) => ok)).to.deep.equal([true, true, false]);
    await store.close();
    store = await openLogged({ memory, limits, witnesses: false });
    expect(await store.take(logs[2]![0]!)).to.include({
      reason: 'no more authors are kept here',
      logReason: 'authors',
    });
    expect(await store.take(logs[0]![1]!)).to.include({ ok: true });
    expect(store.refusals.counts.authors).to.equal(1);
    await store.close();
  });

  it('has room for whoever is invited, and for the own log', async () => {
    const store = await openLogged({ limits, witnesses: false });
    for (const [{ header, body } = logs[0]![0]!] of logs)
      await takeOne(store.sync, TOPIC, header.bytes, body);
    const empty = encodeDelta('gun/seen', []);
    expect(empty.ok && (await store.own.append(empty.value)).ok).to.equal(true);
    expect(await store.logs.heads()).to.have.lengthOf(5);
    const { header, body } = logOf(authorOf(9), 1, () => undefined)[0]!;
    const taken = await takeOne(store.sync, TOPIC, header.bytes, body, false);
    expect(taken).to.deep.equal({ ok: false, reason: 'authors' });
    const share = new NotingShare(1);
    const operation = logOf(authorOf(10), 1, () => undefined)[0]!;
    const request = { writes: [], operation, owner: 'x', share, isInvited: true };
    expect(await submitted((one) => store.small.writer.submit(one), request)).to.include({ ok: true });
    expect(share.taken).to.deep.equal([]);
    await store.close();
  });

  it('takes of the share of strangers what they open, the more of it the less room there is, and nothing for all else', async () => {
    const many = Array.from({ length: 8 }, (_, at) => logOf(authorOf(at + 1), 2, () => undefined));
    const store = await openLogged({ limits: { logAuthors: 8 }, witnesses: false });
    const share = new NotingShare(6);
    const take = (operation: Operation, by = share): Promise<PutOutcome> =>
      new Promise((settle) =>
        store.small.writer.submit({ writes: [], operation, owner: 'x', share: by, settle }),
      );
    for (const operation of [many[0]![1]!, many[0]![0]!, many[0]![0]!, many[0]![1]!]) await take(operation);
    expect(share.taken).to.deep.equal([1]);
    // Room for 7, 6, 5, 4, 3 and 2 more; from half of all on each costs what half is of what is left.
    const outcomes = await Promise.all(many.slice(1).map(([first]) => take(first!)));
    const reasons = outcomes.map((outcome) => (outcome.ok ? '' : outcome.logReason));
    expect(reasons).to.deep.equal([...Array<string>(4).fill(''), ...Array<string>(3).fill('newcomers')]);
    expect(share.taken).to.deep.equal([1, 4]);
    const other = new NotingShare(10);
    expect(await take(many[5]![0]!, other)).to.include({ ok: true });
    expect(other.taken).to.deep.equal([4 / 3]);
    const last = new NotingShare(1);
    expect(await take(many[6]![0]!, last), 'one at least').to.include({ ok: true });
    expect(last.taken).to.deep.equal([1]);
    store.small.storage.fails = (operation) => operation === 'commit';
    await take(many[7]![0]!, other);
    expect(other.taken).to.have.lengthOf(1);
    expect(store.refusals.counts).to.include({ newcomers: 3, authors: 0 });
    await store.close();
  });

  it('takes evidence of forks for as many logs as may be held, and few more than are', async () => {
    const store = await openLogged({ limits, witnesses: false });
    const faults = [];
    for (const number of [1, 2, 3]) faults.push(await store.sync.takeEvidence(...forkBy(number)));
    expect(faults).to.deep.equal([undefined, undefined, undefined]);
    expect(store.forks.size).to.equal(2);
    await store.close();
    const room = new LogRoom(store.small.memory, 2000);
    expect([999, 1000].map((kept) => room.evidenceRoom(kept))).to.deep.equal([1, 0]);
    room.add(500);
    expect([1499, 1500].map((kept) => room.evidenceRoom(kept))).to.deep.equal([1, 0]);
    room.add(1000);
    expect([1999, 2000, 3000].map((kept) => room.evidenceRoom(kept))).to.deep.equal([1, 0, 0]);
  });

  it('takes evidence about logs that are not held out of the share of whoever brings it, once it is durable', async () => {
    const store = await openLogged({ witnesses: false });
    const give = (author: number, opener: LogOpener): unknown =>
      store.sync.takeEvidence(...forkBy(author), () => undefined, opener);
    const [mine, others] = [2, 1].map((most) => ({ evidence: new NotingShare(most) }));
    const [one, other] = [mine!, others!].map((share) => ({
      share: Object.assign(new NotingShare(9), share),
    }));
    // Within one commit, and in one after the other.
    expect(await Promise.all([1, 2, 3].map((author) => give(author, one!)))).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
    expect([store.forks.size, mine!.evidence.taken]).to.deep.equal([2, [2]]);
    await give(4, one!);
    expect(store.forks.size).to.equal(2);
    store.small.storage.fails = (operation) => operation === 'commit';
    expect(await give(5, other!)).to.equal('storage');
    store.small.storage.fails = () => false;
    for (const author of [5, 6]) await give(author, other!);
    expect([store.forks.size, others!.evidence.taken]).to.deep.equal([3, [1]]);
    await give(6, { ...one!, isInvited: true });
    await give(7, { share: new NotingShare(0) });
    expect(store.forks.size).to.equal(5);
    expect(one!.share.taken, 'of authors').to.deep.equal([]);
    await store.close();
  });

  it('keeps evidence about logs that are held, whoever brings it and however much there is of others', async () => {
    const store = await openLogged({ limits, witnesses: false });
    for (const author of [3, 4]) await store.sync.takeEvidence(...forkBy(author));
    for (const [first] of logs.slice(0, 2)) expect(await store.take(first!)).to.include({ ok: true });
    const share = Object.assign(new NotingShare(9), { evidence: new NotingShare(0) });
    await store.sync.takeEvidence(...forkBy(1), () => undefined, { share });
    expect(store.forks.size).to.equal(3);
    await store.close();
  });

  it('makes evidence dearer the less room there is for it', () => {
    const room = new LogRoom(new MemoryStorage(), 100_000);
    expect([0, 500, 750, 999].map((kept) => room.evidenceCostOf(kept))).to.deep.equal([1, 1, 2, 500]);
  });

  it('counts nothing of a commit that failed', async () => {
    const store = await openLogged({ limits, witnesses: false });
    store.small.storage.fails = (operation) => operation === 'commit';
    for (const [first] of logs) expect((await store.take(first!)).ok).to.equal(false);
    store.small.storage.fails = () => false;
    for (const [first] of logs.slice(0, 2)) expect((await store.take(first!)).ok).to.equal(true);
    await store.close();
  });
});
