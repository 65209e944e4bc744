import { expect } from 'chai';
import { committed, submitted, type PutOutcome, type PutRequest } from '../../../lib/store/put-request.ts';

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
  });

  it('fails with the reason where a refusal is a fault', async () => {
    await committed(take, request);
    expect(taken).to.have.lengthOf(2);
    const error: unknown = await committed(refuse, request).catch((fault: unknown) => fault);
    expect(error).to.be.an('error').with.property('message', 'full');
  });
});
