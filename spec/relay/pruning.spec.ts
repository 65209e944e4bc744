import { expect } from 'chai';
import { writeOf } from '../../lib/graph/write.ts';
import { Pruning, type PruneEvent } from '../../relay/pruning.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { bodyOf } from '../support/log-bytes.ts';
import { authorOf, logOf } from '../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../support/logged-store.ts';

describe('relay pruning', () => {
  let clock: FakeClock;
  let store: LoggedStore;
  let told: PruneEvent[];
  let pruning: Pruning;
  /** Resolves at the next event. */
  let next: () => Promise<void>;

  beforeEach(async () => {
    clock = new FakeClock();
    store = await openLogged({ witnesses: false, clock });
    for (const operation of logOf(authorOf(1), 3, (at) => bodyOf([writeOf('s', 'k', at + 1, at)]))) {
      await store.take(operation);
    }
    told = [];
    const waiting: (() => void)[] = [];
    next = () => new Promise((resolve) => waiting.push(resolve));
    pruning = new Pruning({
      storage: store.small.storage,
      store: store.logs,
      history: store.history,
      submit: (request) => store.small.writer.submit(request),
      now: clock.clock,
      graceMs: 0,
      startTimer: clock.startTimer,
      report: (event) => {
        told.push(event);
        for (const wake of waiting.splice(0)) wake();
      },
    });
  });

  afterEach(async () => {
    await pruning.close();
    await store.close();
  });

  it('begins after a while, and begins again', async () => {
    pruning.start();
    expect(told).to.deep.equal([]);
    const first = next();
    clock.advance(60_000);
    await first;
    expect(told).to.have.lengthOf(1);
    expect(told[0]).to.deep.include({ kind: 'pruned', bodies: 2 });
    for (const operation of logOf(authorOf(2), 1, () => bodyOf([writeOf('s', 'k', 9, 9)])))
      await store.take(operation);
    const second = next();
    clock.advance(1_800_000);
    await second;
    expect(told[1]).to.deep.include({ kind: 'pruned', bodies: 1 });
  });

  it('tells why it failed, and tries again', async () => {
    pruning.start();
    store.small.storage.fails = (operation) => operation === 'commit';
    const first = next();
    clock.advance(60_000);
    await first;
    expect(told).to.deep.equal([{ kind: 'prune-failed', reason: 'storage failed, nothing was stored' }]);
    store.small.storage.fails = () => false;
    const second = next();
    clock.advance(1_800_000);
    await second;
    expect(told[1]).to.deep.include({ kind: 'pruned', bodies: 2 });
  });

  it('does nothing once it is closed', async () => {
    pruning.start();
    await pruning.close();
    clock.advance(3_600_000);
    await store.small.writer.idle();
    expect(told).to.deep.equal([]);
  });
});
