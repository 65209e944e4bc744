import { expect } from 'chai';
import { limitsWith } from '../../../lib/base/limits.ts';
import { Peer } from '../../../lib/mesh/peer.ts';
import { RecordingLink } from '../../support/recording-link.ts';

describe('mesh/peer', () => {
  it('has a name that no other peer of the process has', () => {
    const names = Array.from(
      { length: 100 },
      () => new Peer(new RecordingLink('same'), 'client', limitsWith()).name,
    );
    expect(new Set(names)).to.have.property('size', 100);
  });

  it('is dialled when it is a relay from the beginning, and stays what it was when it becomes one', () => {
    const dialled = new Peer(new RecordingLink('a'), 'relay', limitsWith());
    const inbound = new Peer(new RecordingLink('b'), 'client', limitsWith());
    inbound.role = 'relay';
    expect([dialled.dialled, inbound.dialled]).to.deep.equal([true, false]);
  });

  it('may write unless it is said that it may not', () => {
    const link = new RecordingLink('a');
    expect(new Peer(link, 'client', limitsWith()).mayWrite).to.equal(true);
    expect(new Peer(link, 'client', limitsWith(), undefined, false).mayWrite).to.equal(false);
  });
});
