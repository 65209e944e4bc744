import { expect } from 'chai';
import { get, meshWorlds, put } from '../../../support/mesh-world.ts';
import type { RawMessage } from '../../../support/raw-peer.ts';
import { RecordingLink } from '../../../support/recording-link.ts';

/** Questions among messages. */
function questionsIn(messages: readonly RawMessage[]): RawMessage[] {
  return messages.filter((message) => message.get !== undefined);
}

/** Souls of the puts a link was sent since it was last looked at. */
function putsOf(link: RecordingLink): string[] {
  return link.news().flatMap((message) => Object.keys(message.put ?? {}));
}

describe('mesh/handlers/control', () => {
  const newWorld = meshWorlds();

  it('is asked who is there: a link that comes in hears the process id first', async () => {
    const world = await newWorld({ pid: 'me' });
    const link = new RecordingLink('ann');
    world.mesh.accept(link, 'client');
    await world.settle();
    const [hello, ...more] = link.news();
    expect(hello).to.include({ dam: '?', pid: 'me' }).and.have.keys('#', 'dam', 'pid');
    expect(hello?.['#']).to.match(/^[0-9A-XZa-z]{9}$/);
    expect(more).to.deep.equal([]);
  });

  it('says nothing of itself on a link that was dialled until it is asked', async () => {
    const world = await newWorld({ pid: 'me' });
    const link = new RecordingLink('relay');
    world.mesh.accept(link, 'relay');
    await world.settle();
    expect(link.news()).to.deep.equal([]);
    const [reply] = await world.ask(link, { '#': 'q', dam: '?', pid: 'them' });
    expect(reply).to.include({ '@': 'q', dam: '?', pid: 'me', relay: true });
  });

  it('answers each question, even one without a process id or an id', async () => {
    const world = await newWorld({ pid: 'me' });
    const ann = await world.client('ann', null);
    for (const question of [{ '#': 'q', dam: '?' }, { dam: '?' }, { '#': 'q2', '@': 'x', dam: '?' }]) {
      const [reply, ...more] = await world.ask(ann, question);
      expect(reply).to.include({ dam: '?', pid: 'me' }).and.not.have.property('relay');
      expect(more).to.deep.equal([]);
    }
  });

  it('has nothing to say to an answer', async () => {
    const world = await newWorld();
    const ann = await world.client('ann', null);
    expect(await world.ask(ann, { '#': 'q', '@': 'x', dam: '?', pid: 'ann' })).to.deep.equal([]);
  });

  it('ignores control messages it does not know, and those it must not obey', async () => {
    const world = await newWorld();
    const ann = await world.client();
    const names = [
      'mob',
      'opt',
      'rtc',
      'nts',
      'one',
      'c',
      'call',
      'apply',
      'toString',
      '__proto__',
      'constructor',
    ];
    for (const dam of names) {
      const message = { '#': dam, dam, mob: 1, peers: { 'http://x': {} }, opt: { peers: 'http://x' } };
      expect(await world.ask(ann, { ...message, put: put('', 's', { k: 1 }).put }), dam).to.deep.equal([]);
    }
    expect(await world.ask(ann, { '#': 'e', dam: '!', err: 'no' }, { dam: 'hi' })).to.deep.equal([]);
    expect(ann.closedWith).to.equal(undefined);
    expect(await world.graph.readField('s', 'k')).to.equal(undefined);
    expect(world.mesh.peerCount).to.equal(1);
  });

  it('holds on to the first process id of a link', async () => {
    const world = await newWorld();
    const first = await world.client('first', 'ann');
    await world.ask(first, put('w1', 'mine', { k: 1 }));
    await world.ask(first, { '#': 'q', '@': 'x', dam: '?', pid: 'bob' });
    first.hangUp();
    const bob = await world.client('bob', null);
    expect(await world.ask(bob, { '#': 'h1', '@': 'x', dam: '?', pid: 'bob' })).to.deep.equal([]);
    const ann = await world.client('ann', null);
    expect(await world.ask(ann, { '#': 'h2', '@': 'x', dam: '?', pid: 'ann' })).to.have.lengthOf(1);
  });

  it('asks a client that comes back for what it wrote before', async () => {
    const world = await newWorld();
    const before = await world.client('before', 'ann');
    await world.ask(before, put('w1', 'one', { k: 1 }), put('w2', 'two', { k: 1 }));
    before.hangUp();
    const ann = await world.client('ann', null);
    const questions = await world.ask(ann, { '#': 'h', '@': 'x', dam: '?', pid: 'ann' });
    expect(questions.map((message) => message.get)).to.have.deep.members([{ '#': 'one' }, { '#': 'two' }]);
    const bob = await world.client('bob');
    await world.ask(bob, get('r1', 'one'));
    bob.news();
    const question = questions.find(({ get: asked }) => (asked as { '#': string })['#'] === 'one');
    const offline = { ...put('a1', 'one', { k: 2 }, world.time.clock()), '@': question?.['#'] ?? '' };
    expect(await world.ask(ann, offline)).to.deep.equal([]);
    expect(bob.news()).to.have.nested.property('[0].put.one.k', 2);
  });

  it('asks it even while its old link has not been missed', async () => {
    const world = await newWorld();
    const before = await world.client('before', 'ann');
    await world.ask(before, put('w1', 'one', { k: 1 }));
    const ann = await world.client('ann', null);
    const questions = await world.ask(ann, { '#': 'h', '@': 'x', dam: '?', pid: 'ann' });
    expect(questions.map((message) => message.get)).to.deep.equal([{ '#': 'one' }]);
  });

  it('remembers no more souls of a peer than allowed', async () => {
    const world = await newWorld({ limits: { rememberedSouls: 10 } });
    const before = await world.client('before', 'ann');
    for (let i = 0; i < 100; i += 1) await world.ask(before, put(`w${i}`, `s${i}`, { k: 1 }));
    before.hangUp();
    const ann = await world.client('ann', null);
    const questions = await world.ask(ann, { '#': 'h', '@': 'x', dam: '?', pid: 'ann' });
    expect(questions).to.have.length.within(5, 10);
  });

  it('asks a client that comes back, and a Node peer, for what others here asked for', async () => {
    const world = await newWorld();
    (await world.client('before', 'ann')).hangUp();
    const bob = await world.client('bob');
    await world.ask(bob, put('w1', 'one', { k: 1 }), get('r1', 'one'), get('r2', 'two', 'k'));
    const carl = await world.client('carl', null);
    expect(await world.ask(carl, { dam: '?', pid: 'carl', '@': 'x', '#': 'h1' })).to.deep.equal([]);
    const ann = await world.client('ann', null);
    const asked = [{ '#': 'one' }, { '#': 'two' }];
    const back = await world.ask(ann, { dam: '?', pid: 'ann', '@': 'x', '#': 'h2' });
    expect(back.map((message) => message.get)).to.have.deep.members(asked);
    const first = questionsIn((await world.nodePeer()).heard);
    expect(first.map((message) => message.get)).to.have.deep.members(asked);
    expect(first.find((message) => (message.get as { '#': string })['#'] === 'one')).to.have.property('##');
  });

  it('asks it for no more than a few', async () => {
    const world = await newWorld();
    const bob = await world.client('bob');
    for (let i = 0; i < 300; i += 1) await world.ask(bob, get(`r${i}`, `soul${i}`));
    expect(questionsIn((await world.nodePeer()).heard)).to.have.lengthOf(64);
  });

  it('takes a peer that says it is a relay for one', async () => {
    const world = await newWorld();
    const relay = await world.inboundRelay();
    const ann = await world.client();
    await world.ask(ann, put('w1', 'soul', { k: 1 }));
    expect(relay.news()).to.have.nested.property('[0].put.soul.k', 1);
  });

  it('greets it as a relay, so that both know that neither waits for acks', async () => {
    const world = await newWorld();
    const relay = new RecordingLink('relay');
    world.mesh.accept(relay, 'client');
    await world.settle();
    const greetings = (
      await world.ask(relay, { '#': 'h', '@': 'x', dam: '?', relay: true, pid: 'r' })
    ).filter((message) => message.dam === 'hi');
    expect(greetings).to.have.lengthOf(1);
    expect(greetings[0]).to.include({ relay: true });
  });

  it('takes no more of them for relays than allowed, and serves the others as clients', async () => {
    const world = await newWorld({ limits: { inboundRelays: 1 } });
    const relay = await world.inboundRelay('first');
    const other = await world.inboundRelay('second');
    const ann = await world.client();
    await world.ask(other, get('r1', 'wanted'));
    other.news();
    await world.ask(ann, put('w1', 'soul', { k: 1 }), put('w2', 'wanted', { k: 2 }));
    expect(putsOf(relay)).to.deep.equal(['soul', 'wanted']);
    expect(putsOf(other)).to.deep.equal(['wanted']);
  });

  it('asks a relay that came in for what others here asked for, once', async () => {
    const world = await newWorld();
    const ann = await world.client();
    await world.ask(ann, get('r1', 'one'), get('r2', 'two', 'key'));
    const relay = new RecordingLink('relay');
    world.mesh.accept(relay, 'client');
    const hello = { '#': 'h', '@': 'x', dam: '?', relay: true, pid: 'relay' };
    const questions = (await world.ask(relay, hello)).filter((message) => message.get !== undefined);
    expect(questions.map((message) => message.get)).to.have.deep.members([{ '#': 'one' }, { '#': 'two' }]);
    expect(await world.ask(relay, { ...hello, '#': 'h2' }, { ...hello, '#': 'h3' })).to.deep.equal([]);
  });
});
