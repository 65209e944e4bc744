import { expect } from 'chai';
import { failure, success } from '../../../lib/base/result.ts';
import { HeldPolicy } from '../../support/held-policy.ts';
import { get, meshWorlds, PAST, put, type MeshWorld } from '../../support/mesh-world.ts';
import type { RawMessage } from '../../support/raw-peer.ts';

/** Ids of the acks and refusals among messages, in their order. */
function answersIn(messages: readonly RawMessage[]): string[] {
  return messages.flatMap(({ '@': id, ok, err }) =>
    id === undefined || (ok === undefined && err === undefined) ? [] : [`${id} ${err ?? 'ok'}`],
  );
}

describe('mesh Checks', () => {
  const newWorld = meshWorlds();

  async function held(options = {}): Promise<[MeshWorld, HeldPolicy]> {
    const policy = new HeldPolicy();
    return [await newWorld({ ...options, policy: () => policy }), policy];
  }

  it('let nothing of a put be stored, acknowledged or passed on before the policy has decided', async () => {
    const [world, policy] = await held();
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    await world.ask(bob, get('r1', 'slow'));
    expect(answersIn(await world.ask(ann, put('w1', 'slow', { k: 1 })))).to.deep.equal([]);
    expect(world.mesh.checks.size).to.equal(1);
    expect(await world.graph.readField('slow', 'k')).to.equal(undefined);
    expect(bob.news()).to.deep.equal([]);
    policy.pass();
    await world.settle();
    expect(answersIn(ann.news())).to.deep.equal(['w1 ok']);
    expect(bob.news()).to.have.nested.property('[0].put.slow.k', 1);
    expect(world.mesh.checks.size).to.equal(0);
  });

  it('refuse a put whole with the reason of the policy, at once or later', async () => {
    const [world, policy] = await held();
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    await world.ask(bob, get('r1', 'slow'), get('r2', 'bad'));
    expect(answersIn(await world.ask(ann, put('w1', 'bad', { k: 1 })))).to.deep.equal([
      'w1 Unverified data.',
    ]);
    ann.say(put('w2', 'slow', { k: 1 }));
    policy.held.shift()!.decide(failure('Certificate expired.'));
    await world.settle();
    expect(answersIn(ann.news())).to.deep.equal(['w2 Certificate expired.']);
    expect(bob.news()).to.deep.equal([]);
    expect(world.storage.commits).to.have.lengthOf(0);
    expect(world.mesh.counters.refusals).to.include({ signature: 1, certificate: 1 });
  });

  it('store of a put what the policy left of it', async () => {
    const [world, policy] = await held();
    const ann = await world.client('ann');
    ann.say(put('w1', 'slow', { kept: 1, dropped: 2 }));
    const { writes, decide } = policy.held.shift()!;
    decide(success(writes.filter(({ key }) => key === 'kept')));
    await world.settle();
    expect(answersIn(ann.news())).to.deep.equal(['w1 ok']);
    expect(await world.graph.readField('slow', 'kept')).to.include({ json: '1' });
    expect(await world.graph.readField('slow', 'dropped')).to.equal(undefined);
  });

  it('keep the puts of a peer in order, and let other peers go on', async () => {
    const [world, policy] = await held();
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    ann.say(put('w1', 'slow 1', { k: 1 }), put('w2', 'quick', { k: 1 }), put('w3', 'bad', { k: 1 }));
    ann.say(put('w4', 'slow 2', { k: 1 }));
    await world.settle();
    expect(answersIn(await world.ask(bob, put('w5', 'other', { k: 1 })))).to.deep.equal(['w5 ok']);
    expect(answersIn(ann.news())).to.deep.equal([]);
    const [first, second] = policy.held;
    second!.decide(success(second!.writes));
    await world.settle();
    expect(answersIn(ann.news())).to.deep.equal([]);
    first!.decide(success(first!.writes));
    await world.settle();
    expect(answersIn(ann.news())).to.have.members(['w1 ok', 'w2 ok', 'w3 Unverified data.', 'w4 ok']);
    const stored = world.storage.commits.flat().map(([key]) => key);
    expect(stored.findIndex((key) => key.includes('slow 1'))).to.be.below(
      stored.findIndex((key) => key.includes('slow 2')),
    );
  });

  it('hear a peer no further while eight of its puts are under check, and then go on', async () => {
    const [world, policy] = await held();
    const ann = await world.client('ann');
    for (let at = 0; at < 20; at += 1) ann.say(put(`w${at}`, `slow ${at}`, { k: at }));
    ann.say(get('r1', 'quick'));
    await world.settle();
    expect(policy.held).to.have.lengthOf(8);
    policy.pass();
    await world.settle();
    expect(policy.held).to.have.lengthOf(8);
    while (policy.held.length > 0) {
      policy.pass(8);
      await world.settle();
    }
    const answers = answersIn(ann.heard);
    expect(answers).to.deep.equal(Array.from({ length: 20 }, (_, at) => `w${at} ok`));
    expect(ann.heard.some((message) => message['@'] === 'r1')).to.equal(true);
  });

  it('tell a peer that what is stored could not be read, and the operator why', async () => {
    const [world, policy] = await held();
    const ann = await world.client('ann');
    ann.say(put('w1', 'slow', { k: 1 }), put('w2', 'quick', { k: 1 }));
    policy.held.shift()!.fail(new Error('no disk'));
    await world.settle();
    expect(answersIn(ann.news())).to.deep.equal(['w1 storage failed, nothing was stored', 'w2 ok']);
    expect(world.events.filter(({ kind }) => kind === 'read-failed')).to.have.lengthOf(1);
  });

  it('are done with before a mesh is closed', async () => {
    const [world, policy] = await held();
    const ann = await world.client('ann');
    ann.say(put('w1', 'slow', { k: 1 }));
    const closing = world.mesh.close();
    await world.settle();
    expect(ann.closedWith).to.equal(undefined);
    policy.pass();
    await world.settle();
    await closing;
    expect(answersIn(ann.heard)).to.deep.equal(['w1 ok']);
    expect(await world.graph.readField('slow', 'k')).to.include({ json: '1' });
  });

  it('go on for a peer that left meanwhile', async () => {
    const [world, policy] = await held();
    const ann = await world.client('ann');
    ann.say(put('w1', 'slow', { k: 1 }));
    ann.hangUp();
    policy.pass();
    await world.settle();
    expect(await world.graph.readField('slow', 'k')).to.include({ json: '1' });
  });

  it('hold for what answers a read: a peer asked on behalf of another can slip nothing in', async () => {
    const [world] = await held();
    const relay = await world.dialledRelay('relay');
    const ann = await world.client('ann');
    ann.say(get('r1', 'bad'));
    await world.settle();
    const asked = relay.news().find((message) => message.get !== undefined)!;
    await world.ask(relay, { ...put('w1', 'bad', { k: 1 }), '@': asked['#']! });
    const answers = ann.news().filter((message) => message['@'] === 'r1');
    expect(answers).to.have.lengthOf(1);
    expect(answers[0]).to.not.have.nested.property('put.bad');
    expect(world.storage.commits).to.have.lengthOf(0);
  });

  it('cut a peer off that is refused more than a thousand times in a minute, but not relays dialled', async () => {
    const [world] = await held();
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    const relay = await world.dialledRelay('relay');
    const bads = (count: number): RawMessage[] =>
      Array.from({ length: count }, (_, at) => put(`x${world.time.clock()}${at}`, 'bad', { k: at }, PAST));
    await world.ask(bob, ...bads(600));
    await world.advance(60_000);
    await world.ask(bob, ...bads(600));
    await world.ask(relay, ...bads(1000));
    await world.advance(1000);
    await world.ask(relay, ...bads(1000));
    await world.ask(ann, ...bads(1000));
    expect(ann.closedWith).to.equal(undefined);
    await world.ask(ann, put('last', 'bad', { k: 1 }));
    expect(ann.closedWith?.code).to.equal(1008);
    expect([bob.closedWith, relay.closedWith]).to.deep.equal([undefined, undefined]);
  });
});
