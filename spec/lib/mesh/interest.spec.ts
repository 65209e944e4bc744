import { expect } from 'chai';
import { limitsWith } from '../../../lib/base/limits.ts';
import { finish } from '../../../lib/base/slices.ts';
import { byKeyOf, each, Interest, isAmong, wholeOf } from '../../../lib/mesh/interest.ts';
import { Peer } from '../../../lib/mesh/peer.ts';
import { RecordingLink } from '../../support/recording-link.ts';

const MOST = 5;
const LIMITS = limitsWith({ subscriptionsPerPeer: MOST });

function newPeer(name: string): Peer {
  return new Peer(new RecordingLink(name), 'client', limitsWith());
}

describe('mesh/interest', () => {
  let interest: Interest;
  let ann: Peer;
  let bob: Peer;
  beforeEach(() => {
    interest = new Interest(LIMITS);
    ann = newPeer('ann');
    bob = newPeer('bob');
  });

  it('knows who asked for a node and who for a property', () => {
    expect(interest.isEmpty).to.equal(true);
    expect(interest.add(ann, 'soul', undefined)).to.equal('first');
    expect(interest.add(bob, 'soul', 'key')).to.equal('new');
    expect(wholeOf(interest.of('soul')!)).to.equal(ann);
    expect([...(byKeyOf(interest.of('soul')!) ?? [])]).to.deep.equal([['key', bob]]);
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

  it('takes no more from all peers together than allowed, where properties count twice', () => {
    const small = new Interest(limitsWith({ subscriptions: 4 }));
    expect(small.add(ann, 'one', 'key')).to.equal('first');
    expect(small.add(bob, 'two', undefined)).to.equal('first');
    expect(small.add(bob, 'two', 'key')).to.equal('known');
    expect(small.add(bob, 'three', 'key')).to.equal('full');
    expect(small.add(bob, 'three', undefined)).to.equal('first');
    expect(small.count).to.equal(4);
    expect(small.add(ann, 'four', undefined)).to.equal('full');
    finish(small.removing(bob));
    expect(small.count).to.equal(2);
    expect(small.add(ann, 'four', 'key')).to.equal('first');
    finish(small.removing(ann));
    expect(small.count).to.equal(0);
  });

  it('forgets all of a peer that leaves and nothing of others', () => {
    interest.add(ann, 'one', undefined);
    interest.add(ann, 'two', 'key');
    interest.add(ann, 'two', undefined);
    interest.add(bob, 'two', 'key');
    finish(interest.removing(ann));
    expect(interest.of('one')).to.equal(undefined);
    expect(interest.covers('two', 'key')).to.equal(true);
    expect(interest.covers('two', 'other')).to.equal(false);
    expect(ann.subscriptions).to.deep.equal({ bySoul: new Map(), count: 0 });
    finish(interest.removing(bob));
    expect(interest.isEmpty).to.equal(true);
    expect(interest.add(ann, 'one', undefined)).to.equal('first');
  });

  it('gives the souls that others asked for', () => {
    interest.add(ann, 'mine', undefined);
    interest.add(ann, 'mine', 'key');
    interest.add(ann, 'ours', 'key');
    interest.add(bob, 'ours', 'key');
    interest.add(bob, 'theirs', undefined);
    expect([...interest.soulsWithout(ann)]).to.have.members(['ours', 'theirs']);
    expect([...interest.soulsWithout(bob)]).to.have.members(['mine', 'ours']);
  });

  it('gives the souls asked for until then, not those asked for meanwhile', () => {
    interest.add(ann, 'a', undefined);
    interest.add(ann, 'b', undefined);
    const given: string[] = [];
    for (const soul of interest.soulsWithout(bob)) {
      given.push(soul);
      interest.add(ann, `more ${soul}`, undefined);
    }
    expect(given).to.have.members(['a', 'b']);
  });

  it('keeps a peer alone as it is, several in a set, and one that is left alone again', () => {
    interest.add(ann, 'soul', undefined);
    expect(interest.of('soul')).to.equal(ann);
    interest.add(bob, 'soul', undefined);
    expect([...each(wholeOf(interest.of('soul')!))]).to.deep.equal([ann, bob]);
    expect(isAmong(wholeOf(interest.of('soul')!), bob)).to.equal(true);
    expect(byKeyOf(interest.of('soul')!)).to.equal(undefined);
    finish(interest.removing(ann));
    expect(interest.of('soul')).to.equal(bob);
    expect(isAmong(wholeOf(interest.of('soul')!), ann)).to.equal(false);
    expect([...each(undefined)]).to.deep.equal([]);
  });

  it('keeps who asked for the node when others ask for properties and leave', () => {
    interest.add(ann, 'soul', undefined);
    interest.add(bob, 'soul', 'key');
    const carl = newPeer('carl');
    interest.add(carl, 'soul', 'key');
    interest.add(carl, 'soul', undefined);
    expect([...each(wholeOf(interest.of('soul')!))]).to.deep.equal([ann, carl]);
    expect([...each(byKeyOf(interest.of('soul')!)?.get('key'))]).to.deep.equal([bob, carl]);
    finish(interest.removing(bob));
    finish(interest.removing(carl));
    expect(interest.of('soul')).to.equal(ann);
  });

  it('forgets much in many steps, and counts a peer that is gone as gone meanwhile', () => {
    const large = new Interest(limitsWith());
    for (let i = 0; i < 500; i += 1) large.add(ann, `s${i}`, i % 2 === 0 ? undefined : 'key');
    for (let i = 0; i < 500; i += 1) large.add(ann, 'one', `k${i}`);
    large.add(bob, 's0', undefined);
    ann.end();
    const steps = large.removing(ann);
    steps.next();
    expect(large.covers('s499', 'key')).to.equal(false);
    expect(large.add(bob, 's498', undefined)).to.equal('first');
    expect([...large.soulsWithout(newPeer('carl'))]).to.have.members(['s0', 's498']);
    let count = 1;
    while (steps.next().done !== true) count += 1;
    expect(count).to.be.at.least(20);
    expect([...large.soulsWithout(ann)]).to.have.members(['s0', 's498']);
    finish(large.removing(bob));
    expect(large.isEmpty).to.equal(true);
  });

  it('takes the names of built-ins like any other', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
      const fresh = new Interest(LIMITS);
      expect(fresh.of(name)).to.equal(undefined);
      expect(fresh.covers(name, name)).to.equal(false);
      expect(fresh.add(newPeer('x'), name, name)).to.equal('first');
      const byKey = byKeyOf(fresh.of(name)!);
      expect([...each(byKey?.get(name))]).to.have.lengthOf(1);
      expect(byKey?.get('valueOf')).to.equal(undefined);
    }
  });
});
