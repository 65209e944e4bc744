import { expect } from 'chai';
import { get, meshWorlds, PAST, put, type MeshWorld } from '../../support/mesh-world.ts';
import { graphOf, type RawMessage } from '../../support/raw-peer.ts';
import type { RecordingLink } from '../../support/recording-link.ts';

const MANY = 20;

/** Graphs of the pushes a peer was sent since it was last asked. */
function pushed(link: RecordingLink): unknown[] {
  return link
    .news()
    .filter((message) => message.put !== undefined && message['@'] === undefined)
    .map((message) => message.put);
}

/** Clients that read something and forget what they were answered. */
async function readers(
  world: MeshWorld,
  count: number,
  read: (id: string) => RawMessage,
): Promise<RecordingLink[]> {
  const links: RecordingLink[] = [];
  for (let i = 0; i < count; i += 1) {
    const link = await world.client(`reader${world.mesh.peerCount}`);
    await world.ask(link, read(`r${world.mesh.peerCount}`));
    links.push(link);
  }
  return links;
}

/** The different frames that peers were sent. */
function framesOf(links: readonly RecordingLink[]): Set<unknown> {
  return new Set(links.flatMap((link) => link.frames));
}

describe('mesh/push', () => {
  const newWorld = meshWorlds();

  it('tells those who asked for the node, with a new id, and not the writer', async () => {
    const world = await newWorld();
    const [ann, bob] = (await readers(world, 2, (id) => get(id, 'soul'))) as [RecordingLink, RecordingLink];
    const carl = await world.client('carl');
    const news = await world.ask(ann, put('w1', 'soul', { a: 1, b: 2 }));
    expect(news.map((message) => message['@'])).to.deep.equal(['w1']);
    const [push, ...more] = bob.news();
    expect(more).to.deep.equal([]);
    expect(push).to.have.keys('#', 'put');
    expect(push?.['#']).to.not.equal('w1');
    expect(push?.put).to.deep.equal(graphOf('soul', { a: 1, b: 2 }, PAST));
    expect(carl.news()).to.deep.equal([]);
  });

  it('tells those who asked for properties of these alone', async () => {
    const world = await newWorld();
    const [one] = await readers(world, 1, (id) => get(id, 'soul', 'a'));
    const [two] = await readers(world, 1, (id) => get(id, 'soul', 'a'));
    await world.ask(two!, get('again', 'soul', 'c'));
    const [other] = await readers(world, 1, (id) => get(id, 'soul', 'z'));
    const ann = await world.client();
    await world.ask(ann, put('w1', 'soul', { a: 1, b: 2, c: 3 }));
    expect(pushed(one!)).to.deep.equal([graphOf('soul', { a: 1 }, PAST)]);
    expect(pushed(two!)).to.deep.equal([graphOf('soul', { a: 1, c: 3 }, PAST)]);
    expect(pushed(other!)).to.deep.equal([]);
  });

  it('tells whoever asked for a node and a property of it once', async () => {
    const world = await newWorld();
    const [both] = await readers(world, 1, (id) => get(id, 'soul', 'a'));
    await world.ask(both!, get('again', 'soul'));
    const ann = await world.client();
    await world.ask(ann, put('w1', 'soul', { a: 1, b: 2 }));
    expect(pushed(both!)).to.deep.equal([graphOf('soul', { a: 1, b: 2 }, PAST)]);
  });

  it('tells only what changed', async () => {
    const world = await newWorld();
    const [bob] = await readers(world, 1, (id) => get(id, 'soul'));
    const ann = await world.client();
    await world.ask(ann, put('w1', 'soul', { a: 1, b: 1 }));
    pushed(bob!);
    await world.ask(ann, put('w2', 'soul', { a: 1, b: 2 }, PAST));
    expect(pushed(bob!)).to.deep.equal([graphOf('soul', { b: 2 }, PAST)]);
  });

  it('tells of several souls of one write in messages of their own, each to those who asked', async () => {
    const world = await newWorld();
    const [bob] = await readers(world, 1, (id) => get(id, 'b'));
    const [carl] = await readers(world, 1, (id) => get(id, 'c'));
    await world.ask(carl!, get('again', 'a'));
    const ann = await world.client();
    const graph = {
      ...put('', 'c', { k: 1 }).put,
      ...put('', 'a', { k: 2 }).put,
      ...put('', 'b', { k: 3 }).put,
    };
    await world.ask(ann, { '#': 'w1', put: graph });
    expect(pushed(bob!)).to.deep.equal([graphOf('b', { k: 3 }, PAST)]);
    expect(pushed(carl!)).to.have.deep.members([graphOf('c', { k: 1 }, PAST), graphOf('a', { k: 2 }, PAST)]);
  });

  it('tells relays of everything, in one message with the souls in order', async () => {
    const world = await newWorld();
    const relay = await world.dialledRelay();
    const ann = await world.client();
    const graph = { ...put('', 'c', { k: 1 }).put, ...put('', 'a', { k: 2 }).put };
    await world.ask(ann, { '#': 'w1', put: graph });
    const [push, ...more] = relay.news();
    expect(more).to.deep.equal([]);
    expect(Object.keys(push?.put ?? {})).to.deep.equal(['a', 'c']);
  });

  it('tells a relay once, even if it asked for the node as well', async () => {
    const world = await newWorld();
    const relay = await world.dialledRelay();
    await world.ask(relay, get('r1', 'soul'), get('r2', 'soul', 'a'));
    const ann = await world.client();
    await world.ask(ann, put('w1', 'soul', { a: 1 }));
    expect(pushed(relay)).to.have.lengthOf(1);
    await world.ask(relay, put('w2', 'soul', { a: 2 }));
    expect(pushed(relay)).to.deep.equal([]);
  });

  it('writes each message once for all its receivers, and puts it into one frame for them', async () => {
    const world = await newWorld();
    const whole = await readers(world, MANY, (id) => get(id, 'soul'));
    const byKey = await readers(world, MANY, (id) => get(id, 'soul', 'a'));
    const relays = [await world.dialledRelay('one'), await world.dialledRelay('two')];
    const ann = await world.client();
    for (const link of [...whole, ...byKey, ...relays]) link.frames.length = 0;
    ann.say(
      put('w1', 'soul', { a: 1, b: 1 }),
      put('w2', 'soul', { a: 2 }, PAST + 1),
      put('w3', 'soul', { b: 9 }),
    );
    await world.settle();
    expect(framesOf(whole)).to.have.property('size', 1);
    expect(framesOf(byKey)).to.have.property('size', 1);
    expect(framesOf(relays)).to.have.property('size', 1);
    expect(whole[0]?.heard).to.have.lengthOf(2);
  });

  it('writes one message for relays and readers when they are told the same', async () => {
    const world = await newWorld();
    const [bob] = await readers(world, 1, (id) => get(id, 'soul'));
    const relay = await world.dialledRelay();
    const ann = await world.client();
    await world.ask(ann, put('w1', 'soul', { a: 1, b: 2 }));
    expect(bob?.frames.at(-1)).to.equal(relay.frames.at(-1));
  });

  it('writes properties that are all of the change as the node is written', async () => {
    const world = await newWorld();
    const [whole] = await readers(world, 1, (id) => get(id, 'soul'));
    const [byKey] = await readers(world, 1, (id) => get(id, 'soul', 'a'));
    const ann = await world.client();
    await world.ask(ann, put('w1', 'soul', { a: 1 }));
    expect(whole?.frames.at(-1)).to.equal(byKey?.frames.at(-1));
  });

  it('tells writes whose time has come to all who asked, the writer among them', async () => {
    const world = await newWorld();
    const [bob] = await readers(world, 1, (id) => get(id, 'soul'));
    const state = world.time.clock() + 1000;
    await world.ask(bob!, put('w1', 'soul', { a: 1 }, state), put('w2', 'other', { a: 1 }, state + 1));
    await world.ask(bob!, put('w3', 'soul', { b: 1 }, state + 2));
    await world.advance(3000);
    const graphs = pushed(bob!);
    expect(graphs).to.have.deep.members([
      graphOf('soul', { a: 1 }, state),
      graphOf('soul', { b: 1 }, state + 2),
    ]);
  });

  it('sends what is said in one turn in one frame', async () => {
    const world = await newWorld();
    const [bob] = await readers(world, 1, (id) => get(id, 'soul'));
    const ann = await world.client();
    const before = bob?.frames.length ?? 0;
    ann.say(...[1, 2, 3].map((n) => put(`w${n}`, 'soul', { [`k${n}`]: n })));
    await world.settle();
    expect(bob?.frames.length).to.equal(before + 1);
    expect(ann.frames.at(-1)?.text).to.match(/^\[.*\]$/);
  });
});
