import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { bridge, get, meshWorlds, PAST, put, type Bridge, type MeshWorld } from '../../support/mesh-world.ts';
import type { RawMessage } from '../../support/raw-peer.ts';
import { RecordingLink } from '../../support/recording-link.ts';

/** Questions among messages. */
function questionsIn(messages: readonly RawMessage[]): RawMessage[] {
  return messages.filter((message) => message.get !== undefined);
}

/** What a mesh holds of a property. */
async function valueOf(world: MeshWorld, soul: string, key: string): Promise<string | undefined> {
  return (await world.graph.readField(soul, key))?.json;
}

/** Messages with data that went over links. */
function dataOver(...links: readonly Bridge[]): number {
  const taps = links.flatMap(({ near, far }) => [near, far]);
  return taps.flatMap((tap) => tap.messages).filter((message) => message.put !== undefined).length;
}

describe('mesh/relays', () => {
  const newWorld = meshWorlds();

  /** Two relays that dial each other. */
  async function mutual(): Promise<{
    readonly one: MeshWorld;
    readonly two: MeshWorld;
    readonly first: Bridge;
    readonly second: Bridge;
  }> {
    const [one, two] = [await newWorld({ pid: 'one' }), await newWorld({ pid: 'two' })];
    const first = bridge(one, two);
    const second = bridge(two, one);
    await one.settle();
    return { one, two, first, second };
  }

  describe('catching up', () => {
    it('asks a relay that was dialled for what somebody here asked for, with the hash of what is here', async () => {
      const world = await newWorld();
      const ann = await world.client();
      await world.ask(ann, put('w1', 'one', { k: 1 }));
      await world.ask(ann, get('r1', 'one'), get('r2', 'two', 'k'), get('r3', { '*': 'x' }));
      const hash = ann.heard.find((message) => message['@'] === 'r1')?.['##'];
      const relay = new RecordingLink('relay');
      world.mesh.accept(relay, 'relay');
      await world.settle();
      const questions = relay.news();
      expect(questions.map((message) => [message.get, message['##']])).to.have.deep.members([
        [{ '#': 'one' }, hash],
        [{ '#': 'two' }, undefined],
      ]);
    });

    it('asks nothing when nobody asked for anything', async () => {
      const world = await newWorld();
      const relay = new RecordingLink('relay');
      world.mesh.accept(relay, 'relay');
      await world.settle();
      expect(relay.frames).to.deep.equal([]);
    });

    it('hashes no more nodes in a turn than there is time for', async () => {
      const world = await newWorld();
      const ann = await world.client();
      await world.ask(ann, ...Array.from({ length: 20 }, (_, i) => get(`r${i}`, `soul${i}`)));
      const { graph } = world;
      const readNode = graph.readNode.bind(graph);
      let reads = 0;
      graph.readNode = (soul) => {
        reads += 1;
        world.time.jumpTo(world.time.clock() + 1);
        return readNode(soul);
      };
      const relay = new RecordingLink('relay');
      world.mesh.accept(relay, 'relay');
      const counts = [reads];
      for (let turn = 1; turn < 10; turn += 1) {
        await world.turns.turn();
        counts.push(reads);
      }
      expect(counts).to.deep.equal([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
      await world.settle();
      expect(questionsIn(relay.news())).to.have.lengthOf(20);
    });

    it('goes on at the pace at which the relay reads', async () => {
      const world = await newWorld({ limits: { outputBytes: 8 * 3000 } });
      const ann = await world.client();
      for (let i = 0; i < 1000; i += 1) ann.say(get(`r${i}`, `soul${i}`));
      await world.settle();
      const relay = new RecordingLink('relay');
      relay.isStuck = true;
      world.mesh.accept(relay, 'relay');
      await world.settle();
      const first = questionsIn(relay.news()).length;
      expect(first).to.be.within(50, 300);
      relay.read();
      await world.advance(1000, 5);
      expect(first + questionsIn(relay.news()).length).to.equal(1000);
    });

    it('survives a storage that fails meanwhile', async () => {
      const world = await newWorld();
      const ann = await world.client();
      await world.ask(ann, get('r1', 'one'), get('r2', 'two'));
      world.storage.fails = () => true;
      const relay = new RecordingLink('relay');
      world.mesh.accept(relay, 'relay');
      await world.settle();
      expect(questionsIn(relay.news())).to.have.lengthOf(2);
    });

    it('brings both sides what they missed of what either side asked for', async () => {
      const [one, two] = [await newWorld({ pid: 'one' }), await newWorld({ pid: 'two' })];
      const [ann, bob] = [await one.client('ann'), await two.client('bob')];
      await one.ask(ann, put('w1', 'a', { k: 'from one' }), get('r1', 'b'), get('r2', 'c'));
      await two.ask(bob, put('w2', 'b', { k: 'from two' }), get('r3', 'a'));
      await one.ask(ann, put('w3', 'c', { k: 'old' }, PAST));
      await two.ask(bob, put('w4', 'c', { k: 'new' }, PAST + 1));
      bridge(one, two);
      await one.settle();
      expect(await valueOf(one, 'b', 'k')).to.equal('"from two"');
      expect(await valueOf(two, 'a', 'k')).to.equal('"from one"');
      expect(await valueOf(one, 'c', 'k')).to.equal('"new"');
      expect(ann.news().filter((message) => message.put?.['b'] !== undefined)).to.have.lengthOf(1);
      expect(bob.news().filter((message) => message.put?.['a'] !== undefined)).to.have.lengthOf(1);
    });

    it('says little when both sides have the same', async () => {
      const [one, two] = [await newWorld({ pid: 'one' }), await newWorld({ pid: 'two' })];
      const [ann, bob] = [await one.client('ann'), await two.client('bob')];
      for (let i = 0; i < 50; i += 1) {
        const write = put(`w${i}`, `s${i}`, { k: i });
        await one.ask(ann, write, get(`r${i}`, `s${i}`));
        await two.ask(bob, write, get(`r${i}`, `s${i}`));
      }
      const link = bridge(one, two);
      await one.settle();
      expect(link.near.messages.concat(link.far.messages).filter((message) => message.put)).to.deep.equal([]);
      // One question a node in each direction, "who are you", its answer, and the greeting.
      expect(link.count()).to.be.at.most(2 * 50 + 3);
    });

    it('brings a relay what it asks for late, when only the other side knows it newer', async () => {
      const [one, two] = [await newWorld({ pid: 'one' }), await newWorld({ pid: 'two' })];
      const [ann, bob] = [await one.client('ann'), await two.client('bob')];
      await one.ask(ann, put('w1', 'a', { k: 'old', other: 'old' }));
      await two.ask(bob, put('w2', 'a', { k: 'new', other: 'new' }, PAST + 1));
      bridge(one, two);
      await one.settle();
      await one.ask(ann, get('r1', 'a', 'k'));
      expect(await valueOf(one, 'a', 'k')).to.equal('"new"');
      expect(await valueOf(one, 'a', 'other')).to.equal('"old"');
      const carl = await one.client('carl');
      await one.ask(carl, get('r2', 'a'));
      expect(await valueOf(one, 'a', 'other')).to.equal('"new"');
      expect(carl.heard.some((message) => message.put?.['a']?.['other'] === 'new')).to.equal(true);
    });
  });

  describe('a write', () => {
    it('reaches the readers behind a line of relays, each once', async () => {
      const worlds = [];
      for (const pid of ['one', 'two', 'three', 'four']) worlds.push(await newWorld({ pid }));
      for (let i = 0; i < 3; i += 1) bridge(worlds[i]!, worlds[i + 1]!);
      await worlds[0]!.settle();
      const readers = [];
      for (const world of worlds) {
        const reader = await world.client(`reader of ${world.mesh.pid}`);
        await world.ask(reader, get(`r-${world.mesh.pid}`, 'soul'));
        readers.push(reader);
      }
      await worlds[0]!.advance(5000, 100);
      for (const reader of readers) reader.news();
      const writer = await worlds[3]!.client('writer');
      await worlds[3]!.ask(writer, put('w1', 'soul', { k: 1 }));
      for (const reader of readers) {
        const pushes = reader.news().filter((message) => message.put !== undefined);
        expect(pushes).to.have.lengthOf(1);
      }
    });
  });

  describe('two links between two relays', () => {
    it('carry each change once, in both directions', async () => {
      const { one, two, first, second } = await mutual();
      const [ann, bob] = [await one.client('ann'), await two.client('bob')];
      await one.ask(ann, get('r1', 'soul'));
      await two.ask(bob, get('r2', 'soul'));
      const before = dataOver(first, second);
      await one.ask(ann, put('w1', 'soul', { k: 1 }));
      expect(dataOver(first, second) - before).to.equal(1);
      await two.ask(bob, put('w2', 'soul', { k: 2 }));
      expect(dataOver(first, second) - before).to.equal(2);
      expect(ann.heard.filter((message) => message.put?.['soul']?.['k'] === 2)).to.have.lengthOf(1);
      expect(bob.heard.filter((message) => message.put?.['soul']?.['k'] === 1)).to.have.lengthOf(1);
    });

    it('carry each read once', async () => {
      const { one, first, second } = await mutual();
      const ann = await one.client('ann');
      const before = first.count() + second.count();
      await one.ask(ann, get('r1', 'soul'));
      const messages = [...first.near.messages, ...second.far.messages].filter(
        (message) => message['#'] === 'r1',
      );
      expect(messages).to.have.lengthOf(1);
      expect(first.count() + second.count() - before).to.equal(2);
      expect(ann.heard.filter((message) => message['@'] === 'r1')).to.have.lengthOf(1);
    });

    for (const which of ['first', 'second'] as const) {
      it(`serve on when the ${which} one breaks, and bring what was lost when it is dialled anew`, async () => {
        const { one, two, ...links } = await mutual();
        const [ann, bob] = [await one.client('ann'), await two.client('bob')];
        await one.ask(ann, get('r1', 'soul'));
        await two.ask(bob, get('r2', 'soul'));
        // Lost on its way: the far side hears nothing from here on, and nobody has noticed yet.
        links[which].near.send = () => undefined;
        links[which].far.send = () => undefined;
        await one.ask(ann, put('w1', 'soul', { a: 1 }));
        await two.ask(bob, put('w2', 'soul', { b: 1 }));
        links[which].cut();
        await one.settle();
        await one.ask(ann, put('w5', 'soul', { e: 1 }));
        await two.ask(bob, put('w6', 'soul', { f: 1 }));
        expect(await valueOf(one, 'soul', 'f')).to.equal('1');
        expect(await valueOf(two, 'soul', 'e')).to.equal('1');
        if (which === 'first') bridge(one, two);
        else bridge(two, one);
        await one.settle();
        expect(await valueOf(one, 'soul', 'b')).to.equal('1');
        expect(await valueOf(two, 'soul', 'a')).to.equal('1');
        await one.ask(ann, put('w3', 'soul', { c: 1 }));
        await two.ask(bob, put('w4', 'soul', { d: 1 }));
        expect(await valueOf(one, 'soul', 'd')).to.equal('1');
        expect(await valueOf(two, 'soul', 'c')).to.equal('1');
      });
    }

    it('are both told when both came in, for the older one may be dead and the newer one a lie', async () => {
      const world = await newWorld();
      const [old, fresh] = [await world.inboundRelay('old', 'two'), await world.inboundRelay('new', 'two')];
      const ann = await world.client();
      await world.ask(ann, put('w1', 'soul', { k: 1 }));
      expect([old, fresh].map((link) => link.news().length)).to.deep.equal([1, 1]);
    });

    it('do not let a stranger silence a relay that was dialled by taking its process id', async () => {
      const world = await newWorld();
      const stranger = await world.inboundRelay('stranger', 'two');
      const relay = await world.dialledRelay('relay', 'two');
      const ann = await world.client();
      await world.ask(ann, put('w1', 'soul', { k: 1 }), get('r1', 'missing'));
      expect(relay.news()).to.have.lengthOf(2);
      expect(stranger.news()).to.deep.equal([]);
    });

    it('do not let a stranger hide writes from a relay by taking its process id', async () => {
      const world = await newWorld();
      const relay = await world.dialledRelay('relay', 'two');
      const stranger = await world.inboundRelay('stranger', 'two');
      await world.ask(stranger, { '#': 'guess', '@': 'guess', dam: 'twin', secret: 'guess' });
      relay.news();
      await world.ask(stranger, put('w1', 'soul', { k: 1 }));
      expect(relay.news().filter((message) => message.put !== undefined)).to.have.lengthOf(1);
    });

    it('are one once it said on the other what it was told on the one', async () => {
      const world = await newWorld();
      const inbound = await world.inboundRelay('inbound', 'two');
      const relay = new RecordingLink('relay');
      world.mesh.accept(relay, 'relay');
      await world.ask(relay, { '#': 'hello', dam: '?', pid: 'two' });
      const asked = relay.heard.find((message) => message.dam === 'twin');
      expect(asked?.secret).to.have.lengthOf(22);
      await world.ask(inbound, { '#': 'r', '@': 'any', dam: 'twin', secret: asked!.secret });
      relay.news();
      await world.ask(inbound, put('w1', 'soul', { k: 1 }));
      expect(relay.news()).to.deep.equal([]);
    });

    it('catch up again when one is dialled anew', async () => {
      const { one, two, first, second } = await mutual();
      const [ann, bob] = [await one.client('ann'), await two.client('bob')];
      await one.ask(ann, get('r1', 'soul'));
      await two.ask(bob, get('r2', 'soul'));
      first.near.send = () => undefined;
      await one.ask(ann, put('w1', 'soul', { a: 1 }));
      // The dialling side notices; the other one does not for a while.
      first.near.close(1006, 'lost');
      bridge(one, two);
      await one.settle();
      expect(await valueOf(two, 'soul', 'a')).to.equal('1');
      expect(second.count()).to.be.above(0);
    });
  });

  it('are told what operations of others changed, but for the one that brought them', async () => {
    const world = await newWorld();
    const [bringer, other] = [new RecordingLink('bringer'), new RecordingLink('other')];
    world.mesh.accept(bringer, 'relay').nodeKey = 'ab';
    world.mesh.accept(other, 'relay').nodeKey = 'cd';
    await world.settle();
    const told = (): number[] =>
      [bringer, other].map((link) => link.news().filter(({ put: it }) => it).length);
    expect(told()).to.deep.equal([0, 0]);
    for (const [node, counts] of [
      ['ab', [0, 1]],
      ['ef', [1, 1]],
      [undefined, [1, 1]],
    ] as const) {
      world.mesh.toldByLogs([writeOf('s', 'k', PAST, 1)], node);
      await world.settle();
      expect(told(), String(node)).to.deep.equal(counts);
    }
  });

  it('does not talk to itself when a relay dials its own address', async () => {
    const world = await newWorld({ pid: 'me' });
    const ann = await world.client();
    await world.ask(ann, get('r1', 'soul'));
    const link = bridge(world, world);
    await world.settle();
    await world.advance(5000, 100);
    const before = link.count();
    expect(before).to.be.below(10);
    await world.ask(ann, put('w1', 'soul', { k: 1 }), get('r2', 'missing'));
    expect(link.count()).to.equal(before);
  });
});
