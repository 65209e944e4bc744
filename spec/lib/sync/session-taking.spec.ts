import { expect } from 'chai';
import { failure, success } from '../../../lib/base/result.ts';
import { LOG_REASONS } from '../../../lib/log/reasons.ts';
import { namesOf } from '../../../lib/log/operation.ts';
import type { SessionAction } from '../../../lib/sync/session-actions.ts';
import { SessionTaking } from '../../../lib/sync/session-taking.ts';
import type { SyncStore, Taker, TakenOperation, TakeResult } from '../../../lib/sync/sync-store.ts';
import { TakingLoad } from '../../../lib/sync/taking-load.ts';
import { authorOf, logOf, TOPIC } from '../../support/log-maker.ts';
import { LogReplica } from '../../support/log-replica.ts';
import { bytes, sessionIn } from '../../support/log-sessions.ts';

const [OPERATION] = logOf(authorOf(1), 1);
const { header, body } = OPERATION!;
const NAMES = { ...namesOf(OPERATION!), sequence: 0 };
const PLACED = { forkedAt: undefined, mayFollow: false, known: false };
const TAKEN: TakenOperation = { ...NAMES, ...PLACED, header: header.bytes, body };

/** More than a session may have under way. */
const MUCH = new Uint8Array(5 * 1024 * 1024);

/** Takes operations in, of which a spec says what becomes of them. */
class World {
  readonly session = sessionIn('live');
  readonly store: SyncStore = new LogReplica();
  readonly news: TakenOperation[] = [];
  readonly held: boolean[] = [];
  /** Logs of which evidence came. */
  readonly forks: unknown[] = [];
  leftOut = 0;
  readonly taking: SessionTaking;
  /** The reason for which the session ended. */
  fault: string | undefined;
  taker: Taker | undefined;

  constructor() {
    this.store.take = (_topic, _header, _body, taker) => {
      this.taker = taker;
    };
    const parts = { session: this.session, store: this.store, run: this.#run.bind(this) };
    this.taking = new SessionTaking(parts, new TakingLoad((isHeld) => void this.held.push(isHeld)), {
      onLeftOut: () => {
        this.leftOut += 1;
      },
      onNew: (operation) => this.isNew(operation),
      onEvidence: (log) => void this.forks.push(log),
    });
  }

  isNew(operation: TakenOperation): void {
    this.news.push(operation);
  }

  #run(actions: readonly SessionAction[]): void {
    for (const action of actions)
      if (action.do === 'end' && action.end.by === 'fault') this.fault = action.end.reason;
  }

  /** Takes one in that becomes what a result says; gives the reason for which that ends the session. */
  take(result: TakeResult, live = false): string | undefined {
    this.taking.take(TOPIC, header.bytes, body, live);
    this.taker!.seen(NAMES);
    this.taker!.settle(result);
    return this.fault;
  }
}

describe('sync.session-taking', () => {
  it('tells of what is new here, and counts it', () => {
    const world = new World();
    expect(world.take(success(TAKEN))).to.equal(undefined);
    expect(world.take(success({ ...TAKEN, known: true }))).to.equal(undefined);
    expect(world.news).to.deep.equal([TAKEN]);
    expect(world.taking.count).to.equal(1);
  });

  it('lets nobody send an operation back to whom it came from, from the moment on that it is seen', () => {
    const world = new World();
    world.taking.take(TOPIC, header.bytes, body, true);
    world.taker!.seen(NAMES);
    expect(world.session.appended(TAKEN, false)).to.deep.equal({ do: 'nothing' });
    const other = new World();
    expect(other.session.appended(TAKEN, false).do).to.equal('send');
  });

  it('reads the other side no further while too much is under way', () => {
    const world = new World();
    world.taking.take(TOPIC, header.bytes, MUCH, false);
    expect(world.held).to.deep.equal([true]);
    world.taker!.settle(failure('fork'));
    expect(world.held).to.deep.equal([true, false]);
  });

  it('ends the session for what is wrong, and for nothing that is nobody’s fault', () => {
    const faults = Object.keys(LOG_REASONS).filter(
      (reason) => new World().take(failure(reason as keyof typeof LOG_REASONS)) === reason,
    );
    const harmless = new Set(['backlink', 'fork', 'pruned', 'frozen', 'full', 'authors', 'newcomers']);
    expect(faults).to.have.members(Object.keys(LOG_REASONS).filter((reason) => !harmless.has(reason)));
    expect(new World().take(failure('backlink'), true)).to.equal('backlink');
  });

  it('tells once that authors are left out, and takes what has nothing to follow then for harmless', () => {
    const world = new World();
    for (const reason of ['newcomers', 'gap', 'newcomers'] as const)
      expect(world.take(failure(reason))).to.equal(undefined);
    expect(world.leftOut).to.equal(1);
    expect(world.session.logCount).to.equal(0);
    expect(new World().take(failure('gap'))).to.equal('gap');
  });

  it('ends the session when a store cannot decide, or whoever is told throws', () => {
    const undecided = new World();
    undecided.taking.take(TOPIC, header.bytes, body, false);
    undecided.taker!.fail(new Error('broken'));
    expect(undecided.fault).to.equal('storage');
    const thrown = new World();
    thrown.isNew = () => {
      throw new Error('broken');
    };
    expect(thrown.take(success(TAKEN))).to.equal('storage');
  });

  it('takes evidence of forks, and ends the session for what is none', async () => {
    const world = new World();
    world.store.takeEvidence = (_first, _second, seen, opener) => {
      expect(opener?.isInvited).to.equal(true);
      seen?.({ author: 'aa', log: 'bb' });
      return undefined;
    };
    const taking = world.taking.takeEvidence(bytes(1), MUCH);
    expect(world.held).to.deep.equal([true]);
    await taking;
    expect(world.held).to.deep.equal([true, false]);
    expect(world.forks).to.deep.equal([{ author: 'aa', log: 'bb' }]);
    expect(world.fault).to.equal(undefined);
    world.store.takeEvidence = () => 'signature';
    await world.taking.takeEvidence(bytes(1), bytes(2));
    expect(world.fault).to.equal('signature');
    const broken = new World();
    broken.store.takeEvidence = () => {
      throw new Error('broken');
    };
    await broken.taking.takeEvidence(bytes(1), bytes(2));
    expect(broken.fault).to.equal('storage');
  });
});
