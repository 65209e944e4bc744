import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { Slices } from '../../../lib/base/slices.ts';
import { evidenceOf, type ForkPolicy } from '../../../lib/log/fork.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { namesOf } from '../../../lib/log/operation.ts';
import { ForkMarks } from '../../../lib/store/fork-marks.ts';
import { GroupForks } from '../../../lib/store/group-forks.ts';
import { OpenLog } from '../../../lib/store/open-log.ts';
import { encodeOperation } from '../../../lib/store/operation-record.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { authorOf, LOG_ID, operationAfter } from '../../support/log-maker.ts';

const slices = new Slices({ schedule: setImmediate });

function saying(number: number): Operation {
  return operationAfter(authorOf(1), undefined, Uint8Array.of(number));
}

function begin(policy: ForkPolicy): {
  readonly marks: ForkMarks;
  readonly forks: GroupForks;
  readonly changes: Change[];
} {
  const marks = new ForkMarks(new MemoryStorage(), policy);
  const changes: Change[] = [];
  return { marks, forks: new GroupForks(marks, changes), changes };
}

describe('store.group-forks', () => {
  const [first, other] = [saying(1), saying(2)];
  const name = namesOf(first);
  const evidence = evidenceOf(first.header, other.header, LOG_ID);

  it('know of what the commit found out before anybody else does', () => {
    const { marks, forks, changes } = begin('tolerate');
    expect([forks.has(name), forks.isNew(name), forks.size]).to.deep.equal([false, false, 0]);
    forks.mark(name, evidence);
    expect([forks.has(name), forks.isNew(name), forks.size]).to.deep.equal([true, true, 1]);
    expect([marks.size, changes.length]).to.deep.equal([0, 1]);
    forks.publish();
    expect(marks.get(name)?.side).to.deep.equal(evidence.side.id);
    const next = new GroupForks(marks, changes);
    expect([next.has(name), next.isNew(name), next.size]).to.deep.equal([true, false, 1]);
  });

  it('hide a log by the policy alone, and tell whether that is still being done', () => {
    for (const policy of ['tolerate', 'freeze', 'hide'] as const) {
      const { marks, forks } = begin(policy);
      const told = (): boolean[] => [forks.hides(name), forks.isBeingHidden(name)];
      expect(told(), policy).to.deep.equal([false, false]);
      forks.mark(name, evidence);
      expect(told(), policy).to.deep.equal([policy === 'hide', policy === 'hide']);
      marks.setHiding(name, 'done');
      expect(told(), policy).to.deep.equal([policy === 'hide', false]);
    }
  });

  it('keep a header and what is held at its place, once', async () => {
    const { forks, changes } = begin('tolerate');
    const records = new Map([
      [0, encodeOperation(toHex(first.header.id), 1, first.header.bytes, first.body)],
    ]);
    const log = new OpenLog(
      name,
      { first: 0, height: 0, tip: name.id, bytes: 1, side: undefined },
      {
        *placeSteps(branch, _name, sequence) {
          yield;
          return branch === 'canonical' ? records.get(sequence) : undefined;
        },
      },
    );
    const ahead = operationAfter(authorOf(1), other.header, undefined);
    await slices.runWaiting(forks.contradict(ahead.header, LOG_ID, log));
    expect(forks.has(name), 'nothing is held there').to.equal(false);
    for (let times = 0; times < 2; times += 1)
      await slices.runWaiting(forks.contradict(other.header, LOG_ID, log));
    expect([forks.isNew(name), changes.length]).to.deep.equal([true, 1]);
  });
});
