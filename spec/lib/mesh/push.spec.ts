import { expect } from 'chai';
import { pushChanges } from '../../../lib/mesh/push.ts';
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

/** All properties of a soul in pushes, and how many messages there were. */
function gathered(link: RecordingLink, soul: string): { node: Record<string, unknown>; count: number } {
  const graphs = pushed(link) as Record<string, Record<string, unknown>>[];
  const nodes = graphs.flatMap((graph) => (graph[soul] === undefined ? [] : [graph[soul]]));
  const node = Object.assign({}, ...nodes) as Record<string, unknown>;
  delete node['_'];
  return { node, count: nodes.length };
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

  describe('of a large change', () => {
    const COUNT = 2500;
    const fields = Object.fromEntries(Array.from({ length: COUNT }, (_, i) => [`k${i}`, i]));

    it('tells all who asked, in several messages, each written once for all of them', async () => {
      const world = await newWorld();
      const whole = await readers(world, 3, (id) => get(id, 'soul'));
      const byKey = await readers(world, 1, (id) => get(id, 'soul', 'k7'));
      const ann = await world.client();
      const before = framesOf(whole).size;
      await world.ask(ann, put('w1', 'soul', fields));
      expect(framesOf(whole).size - before).to.equal(3);
      const told = whole.map((link) => gathered(link, 'soul'));
      for (const { node, count } of told) {
        expect(count).to.equal(3);
        expect(node).to.deep.equal(fields);
      }
      expect(pushed(byKey[0]!)).to.deep.equal([graphOf('soul', { k7: 7 }, PAST)]);
    });

    it('does so in later turns, and at once only what is small', async () => {
      const world = await newWorld();
      const [bob] = await readers(world, 1, (id) => get(id, 'soul'));
      const shared: unknown[] = [];
      const share = world.mesh.share.bind(world.mesh);
      world.mesh.share = (peer, message) => {
        shared.push(message);
        share(peer, message);
      };
      const later = (writes: number): number => {
        const before = shared.length;
        const changed = Array.from({ length: writes }, (_, i) => ({
          soul: 'soul',
          key: `${i}`,
          state: 1,
          json: '1',
        }));
        pushChanges(world.mesh, changed, undefined, undefined);
        return shared.length - before;
      };
      expect(later(1000)).to.equal(1);
      expect(world.mesh.slices.size).to.equal(0);
      expect(later(1001)).to.equal(0);
      expect(world.mesh.slices.size).to.equal(1);
      await world.settle();
      expect(shared).to.have.lengthOf(3);
      expect(pushed(bob!)).to.have.lengthOf(3);
    });

    it('tells relays and readers of portions, with whole nodes where they fit', async () => {
      const world = await newWorld();
      const relay = await world.dialledRelay();
      const [bob] = await readers(world, 1, (id) => get(id, 's1'));
      const ann = await world.client();
      const few = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`k${i}`, i]));
      relay.news();
      const graph = { ...put('', 's0', few).put, ...put('', 's1', few).put, ...put('', 's2', few).put };
      await world.ask(ann, { '#': 'w1', put: graph });
      expect(gathered(bob!, 's1')).to.deep.equal({ node: few, count: 1 });
      const graphs = pushed(relay) as object[];
      expect(graphs.map((each) => Object.keys(each))).to.deep.equal([['s0'], ['s1'], ['s2']]);
    });

    it('goes on when a reader leaves meanwhile, and reports what goes wrong', async () => {
      const world = await newWorld();
      const [bob, carl] = await readers(world, 2, (id) => get(id, 'soul'));
      const changed = Object.keys(fields).map((key) => ({ soul: 'soul', key, state: 1, json: '1' }));
      pushChanges(world.mesh, changed, undefined, undefined);
      bob!.hangUp();
      await world.settle();
      expect(gathered(carl!, 'soul').count).to.equal(3);
      world.mesh.share = () => {
        throw new Error('stumbled');
      };
      pushChanges(world.mesh, changed, undefined, undefined);
      await world.settle();
      expect(world.events.at(-1)).to.have.property('kind', 'listener-failed');
    });

    it('is not cut off by the end of the mesh', async () => {
      const world = await newWorld();
      const [bob] = await readers(world, 1, (id) => get(id, 'soul'));
      const ann = await world.client();
      ann.say(put('w1', 'soul', fields));
      const closing = world.mesh.close();
      await world.settle();
      await closing;
      expect(gathered(bob!, 'soul').node).to.deep.equal(fields);
    });
  });

  it('leaves the rest to later turns when very many have been told at once', async () => {
    const world = await newWorld();
    const links = await readers(world, 60, (id) => get(id, 's0'));
    for (const link of links) {
      link.say(...Array.from({ length: 99 }, (_, i) => get(`${link.name}-${i}`, `s${i + 1}`)));
      await world.settle();
      link.news();
    }
    let told = 0;
    const share = world.mesh.share.bind(world.mesh);
    world.mesh.share = (peer, message) => {
      told += 1;
      share(peer, message);
    };
    const changed = Array.from({ length: 100 }, (_, i) => ({ soul: `s${i}`, key: 'k', state: 1, json: '1' }));
    pushChanges(world.mesh, changed, undefined, undefined);
    expect(told).to.be.within(5000, 5060);
    await world.settle();
    expect(told).to.equal(6000);
    for (const link of links) expect(pushed(link)).to.have.lengthOf(100);
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
