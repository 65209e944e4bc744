import { expect } from 'chai';
import { CLOSE } from '../../../lib/mesh/link.ts';
import { get, meshWorlds, put } from '../../support/mesh-world.ts';
import { RecordingLink } from '../../support/recording-link.ts';

describe('mesh/mesh', () => {
  const newWorld = meshWorlds();

  describe('peers', () => {
    it('are counted from the moment they come until they leave', async () => {
      const world = await newWorld();
      const [ann, bob] = [await world.client('ann'), await world.client('bob')];
      expect(world.mesh.peerCount).to.equal(2);
      ann.hangUp();
      expect(world.mesh.peerCount).to.equal(1);
      bob.hangUp();
      expect(world.mesh.peerCount).to.equal(0);
      const kinds = world.events.filter(({ kind }) => kind.startsWith('peer')).map(({ kind }) => kind);
      expect(kinds).to.deep.equal(['peer-open', 'peer-open', 'peer-close', 'peer-close']);
    });

    it('leave nothing behind', async () => {
      const world = await newWorld();
      const [relay, inbound] = [await world.dialledRelay(), await world.inboundRelay('inbound')];
      const ann = await world.client();
      await world.ask(ann, get('r1', 'soul'), get('r2', 'other', 'k'), put('w1', 'soul', { k: 1 }));
      for (const link of [ann, relay, inbound]) link.hangUp();
      await world.settle();
      expect(world.mesh.interest.isEmpty).to.equal(true);
      expect(world.mesh.asks.size).to.equal(0);
      expect(world.mesh.relays.size).to.equal(0);
      await world.advance(50);
      expect(world.time.timerCount).to.equal(0);
    });

    it('that were gone before they came leave nothing behind either', async () => {
      const world = await newWorld();
      for (const role of ['client', 'relay'] as const) {
        const link = new RecordingLink(role);
        link.hangUp();
        world.mesh.accept(link, role);
      }
      await world.settle();
      expect(world.mesh.peerCount).to.equal(0);
      expect(world.mesh.relays.size).to.equal(0);
    });

    it('that asked for much leave nothing behind either, after some turns, and are sent nothing meanwhile', async () => {
      const world = await newWorld();
      const [ann, bob] = [await world.client('ann'), await world.client('bob')];
      await world.ask(bob, ...Array.from({ length: 500 }, (_, i) => get(`r${i}`, `s${i}`)));
      const before = bob.frames.length;
      bob.hangUp();
      expect(world.mesh.interest.isEmpty).to.equal(false);
      expect(world.mesh.slices.size).to.equal(1);
      ann.say(put('w1', 's499', { k: 1 }));
      await world.settle();
      expect(world.mesh.interest.isEmpty).to.equal(true);
      expect(bob.frames).to.have.lengthOf(before);
    });

    it('that are gone are sent nothing', async () => {
      const world = await newWorld();
      const [ann, bob] = [await world.client('ann'), await world.client('bob')];
      await world.ask(bob, get('r1', 'soul'));
      const before = bob.frames.length;
      ann.say(put('w1', 'soul', { k: 1 }));
      bob.hangUp();
      await world.settle();
      expect(bob.frames).to.have.lengthOf(before);
    });
  });

  describe('frames', () => {
    it('that are heartbeats, empty, or no JSON at all are ignored', async () => {
      const world = await newWorld();
      const ann = await world.client();
      for (const text of ['[]', '{}', '[{}]', '', ' {"get":{"#":"s"}}', 'hello', 'null', '5']) {
        ann.sayText(text);
        await world.settle();
        expect(ann.news(), text).to.deep.equal([]);
      }
    });

    it('that are broken are answered with a notice, and the next one is served', async () => {
      const world = await newWorld();
      const ann = await world.client();
      ann.sayText('[{"get":');
      await world.settle();
      expect(ann.news())
        .to.have.nested.property('[0]')
        .deep.include({ dam: '!', err: 'DAM JSON parse error.' });
      expect(await world.ask(ann, get('r1', 's'))).to.have.nested.property('[0].@', 'r1');
      expect(world.events.filter(({ kind }) => kind === 'refused')).to.have.lengthOf(1);
    });

    it('that are broken are answered ten times and then one in fifty, whatever else is refused', async () => {
      const world = await newWorld();
      const ann = await world.client();
      ann.say({ '#': 'w1', put: 5 as never });
      for (let i = 0; i < 150; i += 1) ann.sayText('{"');
      ann.say({ '#': 'w2', put: 5 as never });
      await world.settle();
      const news = ann.news();
      expect(news.filter(({ dam }) => dam === '!')).to.have.lengthOf(12);
      expect(news.filter((message) => message['@'] !== undefined)).to.have.lengthOf(2);
      expect(world.mesh.counters.refusals).to.include({ json: 150, form: 2 });
    });

    it('are told apart from messages when they are refused, and puts from gets', async () => {
      const world = await newWorld();
      const ann = await world.client();
      ann.sayText('{"');
      ann.say({ '#': 'w1', put: 5 as never }, { '#': 'r1', get: 5 }, { '#': 'x'.repeat(1000), get: 5 });
      await world.settle();
      const refused = world.events.filter((event) => event.kind === 'refused');
      expect(refused.map(({ what }) => what)).to.deep.equal(['frame', 'put', 'get', 'frame']);
      const { put: puts, get: gets, frame } = world.mesh.counters;
      expect([puts.refused, gets.refused, frame.refused]).to.deep.equal([1, 1, 2]);
    });

    it('are counted by kind and by what became of them, in all and for each peer', async () => {
      const world = await newWorld();
      const ann = await world.client();
      const before = structuredClone(world.mesh.counters);
      const write = put('w1', 's', { k: 1 });
      const read = get('r1', 's');
      const hello = { '#': 'c1', dam: '?', pid: 'other' };
      ann.say(write, write, read, read, hello, hello, { '#': 'a1', '@': 'nothing' });
      await world.settle();
      const { counters } = world.mesh;
      expect(counters.put).to.deep.equal({ accepted: 1, duplicate: 1, refused: 0 });
      expect(counters.get).to.deep.equal({ accepted: 1, duplicate: 1, refused: 0 });
      expect(counters.control.accepted - before.control.accepted).to.equal(1);
      expect(counters.control.duplicate - before.control.duplicate).to.equal(1);
      expect(counters.ack.accepted - before.ack.accepted).to.equal(1);
      const [peer] = [...world.mesh.peers];
      expect(peer!.messages).to.equal(8);
    });

    it('are served message by message, faults apart', async () => {
      const world = await newWorld();
      const ann = await world.client();
      const news = await world.ask(
        ann,
        put('w1', 's', { k: 1 }),
        { '#': 'w2', put: { s: 5 } as never },
        { '#': 'r1', get: 'text' },
        put('w3', 's', { l: 1 }),
      );
      const byId = new Map(news.map((message) => [message['@'], message]));
      expect(byId.get('w1')).to.have.property('ok', true);
      expect(byId.get('w2')?.err).to.match(/^put\["s"\]/);
      expect(byId.get('r1')?.err).to.match(/^get/);
      expect(byId.get('w3')).to.have.property('ok', true);
    });

    it('that a handler stumbles over end their link and nothing else', async () => {
      const world = await newWorld();
      const [ann, bob] = [await world.client('ann'), await world.client('bob')];
      const submit = {
        value: () => {
          throw new Error('stumbled');
        },
        configurable: true,
      };
      Object.defineProperty(world.writer, 'submit', submit);
      ann.say(put('w1', 's', { k: 1 }), get('r1', 's'));
      await world.settle();
      expect(ann.closedWith?.code).to.equal(CLOSE.failed);
      expect(ann.news()).to.deep.equal([]);
      expect(world.events.find(({ kind }) => kind === 'handler-failed')).to.have.property('error');
      Reflect.deleteProperty(world.writer, 'submit');
      expect(await world.ask(bob, put('w2', 's', { k: 1 }))).to.have.nested.property('[0].ok', true);
    });

    it('that are nothing but rubbish end the link at last', async () => {
      const world = await newWorld();
      const ann = await world.client();
      const rubbish = JSON.stringify(Array.from({ length: 1000 }, () => '{"'));
      for (let i = 0; i < 20; i += 1) ann.sayText(rubbish);
      await world.settle();
      expect(ann.closedWith).to.equal(undefined);
      ann.sayText('{"');
      await world.settle();
      expect(ann.closedWith?.code).to.equal(CLOSE.refused);
      expect(world.mesh.peerCount).to.equal(0);
    });
  });

  describe('output', () => {
    it('for very many peers goes out in slices, and for few at the end of the turn', async () => {
      // With a hello that is not gathered.
      for (const [count, inFirstTurn] of [
        [500, 2],
        [501, 1],
      ] as const) {
        const world = await newWorld();
        const links = Array.from({ length: count }, (_, i) => new RecordingLink(`l${i}`));
        for (const link of links) {
          const peer = world.mesh.accept(link, 'client');
          world.mesh.send(peer, '{"dam":"x"}');
        }
        await world.turns.turn();
        expect(links.at(-1)!.frames).to.have.lengthOf(inFirstTurn);
        await world.settle();
        for (const link of links) expect(link.frames).to.have.lengthOf(2);
      }
    });

    it('beyond the limit ends the link with 1013, and the others are served', async () => {
      const world = await newWorld({ limits: { outputBytes: 10_000 } });
      const [ann, bob, carl] = [
        await world.client('ann'),
        await world.client('bob'),
        await world.client('carl'),
      ];
      for (const link of [bob, carl]) await world.ask(link, get(`r-${link.name}`, 'soul'));
      bob.isStuck = true;
      for (let i = 0; i < 30 && bob.closedWith === undefined; i += 1) {
        await world.ask(
          ann,
          put(`w${i}`, 'soul', { k: `${i}`.padEnd(1000, 'x') }, world.time.clock() - 100 + i),
        );
      }
      expect(bob.closedWith?.code).to.equal(CLOSE.overloaded);
      expect(bob.queuedBytes).to.be.within(10_000, 12_000);
      expect(carl.closedWith).to.equal(undefined);
      expect(world.mesh.peerCount).to.equal(2);
      expect(world.events.find(({ kind }) => kind === 'peer-cut')).to.include({ link: 'bob' });
    });

    it('of one turn never goes far beyond the limit', async () => {
      const limit = 100_000;
      const world = await newWorld({ limits: { outputBytes: limit } });
      const [ann, bob] = [await world.client('ann'), await world.client('bob')];
      await world.ask(bob, get('r1', 'soul'));
      bob.isStuck = true;
      const writes = Array.from({ length: 50 }, (_, i) =>
        put(`w${i}`, 'soul', { [`k${i}`]: 'x'.repeat(20_000) }),
      );
      await world.ask(ann, ...writes);
      expect(bob.closedWith?.code).to.equal(CLOSE.overloaded);
      expect(bob.queuedBytes).to.be.below(limit + 21_000);
    });
  });

  describe('reads that wait', () => {
    const limits = { outputBytes: 80_000 };
    const BIG = 'x'.repeat(5000);

    it('do so while their peer does not read, and are all answered when it does', async () => {
      const world = await newWorld({ limits });
      const ann = await world.client();
      await world.ask(ann, put('w1', 'soul', { k: BIG }), get('warm', 'soul'));
      ann.isStuck = true;
      ann.say(...Array.from({ length: 500 }, (_, i) => get(`r${i}`, 'soul', i % 2 === 0 ? undefined : 'k')));
      await world.settle();
      expect(ann.queuedBytes).to.be.below(20_000);
      for (let i = 0; i < 400; i += 1) {
        ann.queuedBytes = 0;
        await world.advance(100, 10);
      }
      expect(ann.closedWith).to.equal(undefined);
      const answered = new Set(ann.heard.flatMap((message) => (message.put ? [message['@']] : [])));
      expect(answered.size).to.be.at.least(500);
    });

    it('do so when a small frame asks for gigabytes', async function () {
      this.timeout(20_000);
      const world = await newWorld();
      const ann = await world.client();
      await world.ask(ann, put('w1', 'soul', { k: 'x'.repeat(4_000_000) }));
      const before = world.turns.count;
      ann.isStuck = true;
      ann.say(...Array.from({ length: 1000 }, (_, i) => get(`r${i}`, 'soul', 'k')));
      await world.settle();
      expect(ann.queuedBytes).to.be.within(4_000_000, 5_000_000);
      for (let i = 0; i < 5; i += 1) {
        ann.queuedBytes = 0;
        await world.advance(100, 10);
        expect(ann.queuedBytes).to.be.within(4_000_000, 5_000_000);
      }
      expect(world.turns.count - before).to.be.above(5);
    });

    it('are refused when too many do', async () => {
      const world = await newWorld({ limits });
      const ann = await world.client();
      await world.ask(ann, put('w1', 'soul', { k: BIG }));
      ann.isStuck = true;
      for (let i = 0; i < 11; i += 1) {
        ann.say(...Array.from({ length: 1000 }, (_, n) => get(`r${i}-${n}`, 'soul', `none${n}`)));
        ann.say(...Array.from({ length: 4 }, (_, n) => get(`b${i}-${n}`, 'soul')));
      }
      await world.settle();
      const refused = ann.heard.filter(({ err }) => err !== undefined);
      expect(refused.length).to.be.above(0);
      expect(refused[0]?.err).to.match(/too many reads/);
      expect(world.mesh.counters.refusals.busy).to.equal(refused.length);
      expect(world.mesh.counters.get.refused).to.equal(refused.length);
    });
  });

  describe('closing', () => {
    it('lets writes under way finish and acknowledges them before the links close', async () => {
      const world = await newWorld();
      const ann = await world.client();
      const hold = world.storage.hold('commit');
      ann.say(put('w1', 'soul', { k: 1 }));
      await world.settle();
      ann.say(put('w2', 'soul', { l: 1 }));
      const closing = world.mesh.close(1001, 'stopping');
      await world.settle();
      expect(ann.closedWith).to.equal(undefined);
      hold.release();
      await world.settle();
      await closing;
      expect(ann.news().map((message) => [message['@'], message.ok])).to.deep.equal([
        ['w1', true],
        ['w2', true],
      ]);
      expect(ann.closedWith).to.deep.equal({ code: 1001, reason: 'stopping' });
      expect(world.mesh.peerCount).to.equal(0);
    });

    it('hears nothing more', async () => {
      const world = await newWorld();
      const ann = await world.client();
      const hold = world.storage.hold('commit');
      ann.say(put('w1', 'soul', { k: 1 }));
      await world.settle();
      const closing = world.mesh.close();
      ann.say(put('w2', 'soul', { k: 2 }), get('r1', 'soul'));
      hold.release();
      await world.settle();
      await closing;
      expect(ann.news().map((message) => message['@'])).to.deep.equal(['w1']);
      expect(await world.graph.readField('soul', 'k')).to.include({ json: '1' });
    });

    it('leaves no timer and no ask behind, also when a read ends later', async () => {
      const world = await newWorld();
      await world.dialledRelay();
      const ann = await world.client();
      await world.ask(ann, get('r1', 'one'));
      const hold = world.storage.hold('getText');
      ann.say(get('r2', 'two'));
      const closing = world.mesh.close();
      await world.settle();
      await closing;
      hold.release();
      await world.settle();
      expect(world.mesh.asks.size).to.equal(0);
      expect(world.time.timerCount).to.equal(0);
    });

    it('turns links away that come later', async () => {
      const world = await newWorld();
      const closing = world.mesh.close();
      await world.settle();
      await closing;
      const late = new RecordingLink('late');
      world.mesh.accept(late, 'client');
      expect(late.closedWith?.code).to.equal(CLOSE.goingAway);
    });
  });
});
