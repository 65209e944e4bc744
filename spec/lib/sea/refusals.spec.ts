import { expect } from 'chai';
import { blockedRefusal, nameRefusal, REFUSAL } from '../../../lib/sea/refusals.ts';
import { SEA_VECTORS } from '../../support/sea-vectors.ts';

describe('sea refusals', () => {
  it('are in the words that gun uses', () => {
    const { bob } = SEA_VECTORS.pairs;
    const said = new Set(SEA_VECTORS.cases.map((each) => each.real_relay.err).filter((err) => err !== null));
    expect(said.delete(nameRefusal('inbox', 'c8', bob.pub))).to.equal(true);
    expect(new Set<string>(Object.values(REFUSAL))).to.include.all.keys([...said]);
    expect(said.size).to.be.at.least(6);
    expect(blockedRefusal('x.y')).to.equal('Certificant x.y blocked.');
  });
});
