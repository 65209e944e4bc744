import { expect } from 'chai';
import { limitsWith } from '../../../lib/base/limits.ts';
import { Interest } from '../../../lib/mesh/interest.ts';
import { Peer } from '../../../lib/mesh/peer.ts';
import { RecordingLink } from '../../support/recording-link.ts';

const MOST = 5;

function newPeer(name: string): Peer {
  return new Peer(new RecordingLink(name), 'client', limitsWith());
}

describe('mesh/interest', () => {
  let interest: Interest;
  let ann: Peer;
  let bob: Peer;
  beforeEach(() => {
    interest = new Interest(MOST);
    ann = newPeer('ann');
    bob = newPeer('bob');
  });

  it('knows who asked for a node and who for a property', () => {
    expect(interest.isEmpty).to.equal(true);
    expect(interest.add(ann, 'soul', undefined)).to.equal('first');
    expect(interest.add(bob, 'soul', 'key')).to.equal('new');
    expect([...(interest.of('soul')?.whole ?? [])]).to.deep.equal([ann]);
    expect([...(interest.of('soul')?.byKey ?? [])]).to.deep.equal([['key', new Set([bob])]]);
    expect(interest.of('other')).to.equal(undefined);
    expect(interest.isEmpty).to.equal(false);
  });

  it('counts what is asked again once', () => {
    interest.add(ann, 'soul', 'key');
    expect(interest.add(ann, 'soul', 'key')).to.equal('known');
    expect(ann.subscriptions.count).to.equal(1);
    interest.add(ann, 'soul', undefined);
    expect(interest.add(ann, 'soul', undefined)).to.equal('known');
    expect(interest.add(ann, 'soul', 'any')).to.equal('known');
    expect(ann.subscriptions.count).to.equal(2);
  });

  it('knows what somebody asked for already', () => {
    interest.add(ann, 'soul', 'key');
    expect(interest.covers('soul', 'key')).to.equal(true);
    expect(interest.covers('soul', 'other')).to.equal(false);
    expect(interest.covers('soul', undefined)).to.equal(false);
    expect(interest.covers('other', 'key')).to.equal(false);
    interest.add(bob, 'soul', undefined);
    expect(interest.covers('soul', 'other')).to.equal(true);
    expect(interest.covers('soul', undefined)).to.equal(true);
  });

  it('takes no more from a peer than allowed, and goes on to take from others', () => {
    for (let i = 0; i < MOST; i += 1) expect(interest.add(ann, 'soul', `k${i}`)).to.equal('first');
    expect(interest.add(ann, 'soul', 'more')).to.equal('full');
    expect(interest.add(ann, 'more', undefined)).to.equal('full');
    expect(interest.add(ann, 'soul', 'k0')).to.equal('known');
    expect(interest.covers('more', undefined)).to.equal(false);
    expect(interest.add(bob, 'more', undefined)).to.equal('first');
  });

  it('counts long names as several, so that names cannot fill the memory', () => {
    expect(interest.add(ann, 'x'.repeat(3 * 256), 'y'.repeat(200))).to.equal('first');
    expect(ann.subscriptions.count).to.equal(4);
    expect(interest.add(ann, 'z'.repeat(256), undefined)).to.equal('full');
    expect(interest.add(ann, 'short', undefined)).to.equal('first');
  });

  it('forgets all of a peer that leaves and nothing of others', () => {
    interest.add(ann, 'one', undefined);
    interest.add(ann, 'two', 'key');
    interest.add(ann, 'two', undefined);
    interest.add(bob, 'two', 'key');
    interest.removePeer(ann);
    expect(interest.of('one')).to.equal(undefined);
    expect(interest.covers('two', 'key')).to.equal(true);
    expect(interest.covers('two', 'other')).to.equal(false);
    expect(ann.subscriptions).to.deep.equal({ bySoul: new Map(), count: 0 });
    interest.removePeer(bob);
    expect(interest.isEmpty).to.equal(true);
    expect(interest.add(ann, 'one', undefined)).to.equal('first');
  });

  it('gives the souls that others asked for', () => {
    interest.add(ann, 'mine', undefined);
    interest.add(ann, 'mine', 'key');
    interest.add(ann, 'ours', 'key');
    interest.add(bob, 'ours', 'key');
    interest.add(bob, 'theirs', undefined);
    expect([...interest.soulsWithout(ann)]).to.deep.equal(['ours', 'theirs']);
    expect([...interest.soulsWithout(bob)]).to.deep.equal(['mine', 'ours']);
  });

  it('gives the souls asked for until then, not those asked for meanwhile', () => {
    interest.add(ann, 'a', undefined);
    interest.add(ann, 'b', undefined);
    const given: string[] = [];
    for (const soul of interest.soulsWithout(bob)) {
      given.push(soul);
      interest.add(ann, `more ${soul}`, undefined);
    }
    expect(given).to.deep.equal(['a', 'b']);
  });

  it('takes the names of built-ins like any other', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
      const fresh = new Interest(MOST);
      expect(fresh.of(name)).to.equal(undefined);
      expect(fresh.covers(name, name)).to.equal(false);
      expect(fresh.add(newPeer('x'), name, name)).to.equal('first');
      expect(fresh.of(name)?.byKey.get(name)).to.have.property('size', 1);
      expect(fresh.of(name)?.byKey.get('valueOf')).to.equal(undefined);
    }
  });
});
