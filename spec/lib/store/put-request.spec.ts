import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import {
  committed,
  hideAll,
  submitted,
  type PutOutcome,
  type PutRequest,
} from '../../../lib/store/put-request.ts';

const ACCEPTED: PutOutcome = { ok: true, changed: [] };
const REFUSED: PutOutcome = { ok: false, reason: 'full' };

function refuse(request: PutRequest): void {
  request.settle(REFUSED);
}

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

  it('fails with the reason where a refusal is a fault', async () => {
    await committed(take, request);
    expect(taken).to.have.lengthOf(2);
    const error: unknown = await committed(refuse, request).catch((fault: unknown) => fault);
    expect(error).to.be.an('error').with.property('message', 'full');
  });
});
