import { expect } from 'chai';
import { limitsWith } from '../../../lib/base/limits.ts';
import { Peer } from '../../../lib/mesh/peer.ts';
import { Sources } from '../../../lib/mesh/sources.ts';
import { RecordingLink } from '../../support/recording-link.ts';

const MOST = 8;

function newPeer(): Peer {
  return new Peer(new RecordingLink('peer'), 'client', limitsWith());
}

describe('mesh/sources', () => {
  it('gives all but the asker', () => {
    const sources = new Sources();
    const [ann, bob] = [newPeer(), newPeer()];
    expect(sources.without(ann)).to.deep.equal([]);
    sources.add(ann);
    sources.add(bob);
    expect(sources.size).to.equal(2);
    expect(sources.without(ann)).to.deep.equal([bob]);
    expect(sources.without(newPeer())).to.deep.equal([ann, bob]);
  });

  it('keeps the latest few', () => {
    const sources = new Sources();
    const peers = Array.from({ length: 3 * MOST }, newPeer);
    for (const peer of peers) {
      sources.add(peer);
      expect(sources.size).to.be.at.most(MOST);
    }
    sources.add(peers.at(-MOST)!);
    sources.add(newPeer());
    expect(sources.without(newPeer()))
      .to.include(peers.at(-MOST))
      .and.not.include(peers.at(1 - MOST));
  });

  it('forgets who left', () => {
    const sources = new Sources();
    const ann = newPeer();
    sources.add(ann);
    sources.remove(ann);
    sources.remove(ann);
    expect(sources.size).to.equal(0);
  });
});
