import { expect } from 'chai';
import { failure } from '../../../lib/base/result.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import type { ForkEvidence } from '../../../lib/log/fork.ts';
import type { LogShare } from '../../../lib/store/log-room.ts';
import {
  committed,
  hideAll,
  submitted,
  type PutOutcome,
  type PutRequest,
} from '../../../lib/store/put-request.ts';
import { authorOf, operationAfter } from '../../support/log-maker.ts';

const ACCEPTED: PutOutcome = { ok: true, changed: [] };
const REFUSED: PutOutcome = { ok: false, reason: 'full' };

function refuse(request: PutRequest): void {
  request.settle(REFUSED);
}

/** A request that has all a request can have: the compiler asks here for what is added to it. */
const WHOLE: Omit<Required<PutRequest>, 'settle'> = {
  writes: [writeOf('s', 'k', 1, 1)],
  owner: 'somebody',
  isPlain: true,
  operation: operationAfter(authorOf(1), undefined, undefined),
  own: { author: 'an author', log: 'a log', sign: () => failure('not signed') },
  says: [],
  isInvited: true,
  share: 'a share' as unknown as LogShare,
  evidence: 'evidence' as unknown as ForkEvidence,
  isReplay: true,
  replays: 'an id',
  isHidden: true,
  leave: () => undefined,
  instead: new Map(),
  records: [['a record', 'text']],
  witnesses: ['a mark'],
  notes: () => true,
  drops: ['a key'],
  pruned: ['another id'],
  marks: [writeOf('t', 'k', 1, 1)],
};

describe('store.put-request', () => {
  const request = { writes: [], owner: 'somebody', isReplay: true };
  const taken: PutRequest[] = [];
  const take = (one: PutRequest): void => {
    taken.push(one);
    one.settle(ACCEPTED);
  };

  it('is submitted as it is, and gives what became of it', async () => {
    expect(await submitted(take, request)).to.equal(ACCEPTED);
    expect(taken).to.have.lengthOf(1);
    expect(taken[0]).to.deep.include(request);
    expect(await submitted(refuse, request)).to.equal(REFUSED);
    const hidden = { ...request, isHidden: true, leave: () => undefined };
    await submitted(take, hidden);
    expect(taken.pop()).to.deep.include(hidden);
  });

  it('hides writes in as many commits as that takes', async () => {
    const writes = [1, 2, 3].map((at) => writeOf('s', `k${at}`, 1, at));
    const asked: string[] = [];
    const hide = hideAll(
      async ({ writes: some, owner, isHidden, leave }) => {
        asked.push([owner, isHidden, ...some.map(({ key }) => key)].join(' '));
        for (const write of some.slice(1)) leave!(write);
        if (some.length === 1) throw new Error('full');
      },
      writes,
      'somebody',
    );
    expect(await hide.catch((fault: unknown) => fault))
      .to.be.an('error')
      .with.property('message', 'full');
    expect(asked).to.deep.equal(['somebody true k1 k2 k3', 'somebody true k2 k3', 'somebody true k3']);
  });

  it('is submitted with all it has', async () => {
    let whole: PutRequest | undefined;
    await submitted((one) => {
      whole = one;
      one.settle(ACCEPTED);
    }, WHOLE);
    const names = Object.keys(WHOLE) as (keyof typeof WHOLE)[];
    expect(Object.keys(whole!)).to.have.members([...names, 'settle']);
    for (const name of names) expect(whole![name], name).to.equal(WHOLE[name]);
  });

  it('fails with the reason where a refusal is a fault', async () => {
    await committed(take, request);
    expect(taken).to.have.lengthOf(2);
    const error: unknown = await committed(refuse, request).catch((fault: unknown) => fault);
    expect(error).to.be.an('error').with.property('message', 'full');
  });
});
