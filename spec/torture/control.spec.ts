import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { createRelay } from '../../relay/relay.ts';
import { get, meshWorlds, PAST, put, type MeshWorld } from '../support/mesh-world.ts';
import { freshId, graphOf, RawPeer, type RawMessage } from '../support/raw-peer.ts';
import type { RecordingLink } from '../support/recording-link.ts';

/** Control names that some version or plug-in of gun obeys, and others that look like orders. */
const CONTROL_NAMES: readonly string[] = [
  'opt',
  'mob',
  'rtc',
  'service',
  'sync',
  'tag',
  'nts',
  'axe',
  'off',
  'bye',
  'leave',
  'peers',
  'kick',
  'stats',
  'hi ',
  'HI',
  '?!',
];

/** Control messages that name an address in every place where gun looks for one. */
function ordersToDial(url: string): RawMessage[] {
  const places: readonly Record<string, unknown>[] = [
    { peers: url },
    { peers: [url] },
    { peers: { [url]: {} } },
    { mob: 1, peers: { [url]: { url } } },
    { opt: { peers: url } },
    { opt: { peers: { [url]: {} } } },
    { url },
    { pid: url },
    { '><': url, id: url, wire: url },
  ];
  const names = [...CONTROL_NAMES, '?', '!', 'hi'];
  const orderOf = (dam: string, at: number): RawMessage => ({
    '#': `${dam} ${at}`,
    dam,
    relay: true,
    ...places[at],
  });
  return names.flatMap((dam) => places.map((_, at) => orderOf(dam, at)));
}

/** Questions of the relay aside. */
function toldIn(messages: readonly RawMessage[]): RawMessage[] {
  return messages.filter((message) => message.get === undefined);
}

describe('a client that gives orders', () => {
  const newWorld = meshWorlds();

  it('obeys no control message that gun knows: nothing is answered, stored or subscribed', async () => {
    const world = await newWorld();
    const ann = await world.client('ann');
    for (const dam of CONTROL_NAMES) {
      for (const extra of [{}, put('x', 'soul', { k: 1 }), get('x', 'soul'), { '@': 'x', ok: { '': 1 } }]) {
        expect(await world.ask(ann, { ...extra, '#': freshId(), dam }), dam).to.deep.equal([]);
      }
    }
    expect(world.storage.changes).to.deep.equal([]);
    expect(world.mesh.interest.isEmpty).to.equal(true);
    expect([world.mesh.relays.size, world.mesh.peerCount]).to.deep.equal([0, 1]);
  });

  describe('to dial somebody', () => {
    let trap: Server;
    const caught: Socket[] = [];

    beforeEach(async () => {
      trap = createServer((socket) => caught.push(socket)).listen(0, '127.0.0.1');
      await once(trap, 'listening');
    });

    afterEach(async () => {
      for (const socket of caught.splice(0)) socket.destroy();
      trap.close();
      await once(trap, 'close');
    });

    it('makes the relay dial nobody', async () => {
      await using relay = createRelay(
        { port: 0, host: '127.0.0.1', logLevel: 'silent' },
        { storage: new MemoryStorage() },
      );
      await relay.listen();
      const { port } = trap.address() as AddressInfo;
      const peer = await RawPeer.open(`http://127.0.0.1:${relay.port}/gun`);
      const orders = ['http', 'ws'].flatMap((scheme) => ordersToDial(`${scheme}://127.0.0.1:${port}/gun`));
      for (const order of orders) peer.send(order);
      peer.send(orders);
      await peer.caughtUp();
      // A listener takes connections in the order in which they were made.
      const own = connect(port, '127.0.0.1');
      const [first] = (await once(trap, 'connection')) as [Socket];
      expect(first.remotePort).to.equal(own.localPort);
      expect(caught).to.have.lengthOf(1);
      own.destroy();
    });
  });

  it('ends no subscription of another, whatever it says it is', async () => {
    const world = await newWorld();
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    await world.ask(ann, get('r1', 'soul'));
    await world.ask(ann, get('r2', 'other', 'k'));
    const attempts: readonly RawMessage[] = [
      ...['off', 'bye', 'leave', 'opt', 'mob'].map((dam) => ({ '#': `a ${dam}`, dam, pid: 'ann' })),
      { '#': 'a1', '@': 'x', dam: '?', pid: 'ann' },
      { '#': 'a2', '@': 'x', dam: '?', pid: 'ann', relay: true },
      { '#': 'r1', get: { '#': 'soul' } },
      { '#': 'a3', get: { '#': 'soul', off: true } },
      { '#': 'a4', '@': 'r1', err: 'gone' },
      { '#': 'a5', '@': 'ann-hello', dam: '!', err: 'gone' },
      put('a6', 'soul', { other: null }),
    ];
    for (const attempt of attempts) {
      const link = await world.client('stranger', null);
      await world.ask(link, attempt);
      link.hangUp();
    }
    ann.news();
    await world.ask(bob, put('w1', 'soul', { k: 1 }, PAST + 1), put('w2', 'other', { k: 2 }, PAST + 1));
    const pushes = toldIn(ann.news());
    expect(pushes.map((message) => Object.keys(message.put ?? {}))).to.deep.equal([['soul'], ['other']]);
  });
});

/** Ann listens to everything in question, bob writes. */
async function annAndBob(world: MeshWorld): Promise<[RecordingLink, RecordingLink]> {
  const [ann, bob] = [await world.client('ann'), await world.client('bob')];
  await world.ask(ann, get('ann reads', 'soul'));
  return [ann, bob];
}

describe('a client that hides what others write', () => {
  const newWorld = meshWorlds();

  it('cannot do so with the ids that it hears', async () => {
    const world = await newWorld();
    const [ann, bob] = await annAndBob(world);
    const eve = await world.client('eve');
    await world.ask(eve, get('eve reads', 'soul'));
    for (let round = 1; round <= 20; round += 1) {
      await world.ask(bob, put(`w${round}`, 'soul', { k: round }, PAST + round));
      expect(
        toldIn(ann.news()).map((message) => message.put?.['soul']?.['k']),
        `round ${round}`,
      ).to.deep.equal([round]);
      for (const { '#': id = '' } of eve.news()) {
        // Whatever the relay sent, it is said again under its id, as an answer to it, and as one of another.
        eve.say(put(id, 'elsewhere', { [id]: 1 }), { '#': id, '@': id, ok: true }, get(id, 'soul'));
        eve.say({ '#': freshId(), '@': id, err: 'no' }, { '#': `w${round + 1}`, dam: 'hi' });
        eve.say(put(`w${round + 1}`, 'elsewhere', { [id]: 1 }));
        await world.settle();
      }
      eve.news();
      const told = ann.news();
      expect(toldIn(told), 'nothing of it').to.deep.equal([]);
    }
  });

  it('cannot do so with lists of peers that know them already', async () => {
    const world = await newWorld();
    const [ann, bob] = await annAndBob(world);
    const everybody = ['ann', 'bob', world.mesh.pid, '*', ''].join();
    await world.ask(bob, { ...put('w1', 'soul', { k: 1 }), '><': everybody });
    const eve = await world.client('eve');
    await world.ask(eve, { ...put('w2', 'soul', { k: 2 }, PAST + 1), '><': everybody });
    expect(toldIn(ann.news()).map((message) => message.put?.['soul']?.['k'])).to.deep.equal([1, 2]);
  });

  it('cannot keep its own writes from a relay by taking its process id', async () => {
    const world = await newWorld();
    const relay = await world.dialledRelay('relay');
    const eve = await world.client('eve', 'relay');
    await world.ask(eve, put('w1', 'soul', { k: 1 }));
    expect(relay.news().map((message) => Object.keys(message.put ?? {}))).to.deep.equal([['soul']]);
  });

  it('cannot keep others from what a relay has by reading it first under its process id', async () => {
    const world = await newWorld();
    const bob = await world.client('bob');
    await world.ask(bob, put('w1', 'soul', { old: 1 }));
    const relay = await world.dialledRelay('relay');
    const eve = await world.client('eve', 'relay');
    await world.ask(eve, get('r1', 'soul'));
    const ann = await world.client('ann');
    await world.ask(ann, get('r2', 'soul'));
    const asked = relay.news().filter(({ get: read }) => read !== undefined);
    expect(asked.map(({ get: read }) => read)).to.deep.equal([{ '#': 'soul' }]);
    await world.ask(relay, { ...put('a1', 'soul', { new: 2 }), '@': asked[0]?.['#'] ?? '' });
    expect(toldIn(ann.news()).at(-1)?.put?.['soul']).to.include({ new: 2 });
  });
});

describe('a client that answers for others', () => {
  const newWorld = meshWorlds();

  it('gives no ack and no refusal to a writer', async () => {
    const world = await newWorld();
    const [ann, eve] = [await world.client('ann'), await world.client('eve')];
    await world.ask(eve, get('r1', 'soul'));
    const hold = world.storage.hold('commit');
    ann.say({ ...put('w1', 'soul', { k: 1 }), ok: { '@': 9, '/': 1 } });
    await world.turns.turn();
    await hold.reached;
    eve.say({ '#': 'e1', '@': 'w1', ok: true }, { '#': 'e2', '@': 'w1', err: 'Unverified data.' });
    eve.say({ ...put('e3', 'other', { k: 1 }), '@': 'w1' }, { '#': 'e4', '@': 'w1', ok: { rtc: {} } });
    await world.turns.turn();
    expect(ann.news()).to.deep.equal([]);
    hold.release();
    await world.settle();
    for (const { '#': id = '' } of eve.news())
      eve.say({ '#': 'e5', '@': id, ok: true }, { '#': 'e6', '@': id, err: 'no' });
    await world.settle();
    expect(ann.news()).to.have.lengthOf(1).and.have.nested.property('[0].ok', true);
  });

  it('ends no read that waits for a relay', async () => {
    const world = await newWorld();
    const relay = await world.dialledRelay('relay');
    const [ann, eve] = [await world.client('ann'), await world.client('eve')];
    expect(toldIn(await world.ask(ann, get('r1', 'soul')))).to.deep.equal([]);
    const lies: readonly RawMessage[] = [
      { '#': 'e1', '@': 'r1' },
      { '#': 'e2', '@': 'r1', err: 'not found' },
      { '#': 'e3', '@': 'r1', put: {} },
      { ...put('e4', 'other', { k: 1 }), '@': 'r1' },
      { '#': 'e5', '@': 'r1', ok: { rtc: {} } },
      { '#': 'r1', get: { '#': 'soul' } },
    ];
    for (const lie of lies) await world.ask(eve, lie);
    expect(toldIn(ann.news())).to.deep.equal([]);
    await world.ask(relay, { ...put('a1', 'soul', { k: 1 }), '@': 'r1' });
    const answers = ann.news().filter((message) => message['@'] === 'r1');
    expect(answers).to.have.lengthOf(1).and.have.nested.property('[0].put.soul.k', 1);
  });

  it('ends it neither when it says that it is a relay, and has nothing to say about it', async () => {
    const world = await newWorld();
    const relay = await world.dialledRelay('relay');
    for (const [at, lie] of [
      { '#': 'e1', put: {} },
      put('e2', 'other', { k: 1 }),
      { '#': 'e3', put: graphOf('soul', {}) },
    ].entries()) {
      const eve = await world.inboundRelay(`eve ${at}`);
      const ann = await world.client(`ann ${at}`);
      await world.ask(ann, get(`r${at}`, `soul ${at}`));
      eve.say({ ...lie, '@': `r${at}` });
      await world.settle();
      expect(toldIn(ann.news()), JSON.stringify(lie)).to.deep.equal([]);
      await world.ask(relay, { ...put(`a${at}`, `soul ${at}`, { k: 1 }), '@': `r${at}` });
      const answer = ann.news().find((message) => message['@'] === `r${at}`);
      expect(answer).to.have.nested.property(`put.soul ${at}.k`, 1);
      eve.hangUp();
    }
  });
});

describe('a client that listens', () => {
  const newWorld = meshWorlds();

  it('hears of a write nothing but its graph: not who, not when, not what else was said', async () => {
    const world = await newWorld();
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    await world.ask(ann, get('r1', 'soul'), { ...get('r2', 'soul'), DBG: 1 });
    ann.news();
    const message = put('w1', 'soul', { k: 1 });
    const node = { ...message.put['soul'], _: { ...message.put['soul']?._, secret: 's' } };
    await world.ask(bob, {
      ...message,
      put: { soul: node as never },
      DBG: 1,
      FOO: 1,
      ok: { '@': 9, '/': 1 },
      secret: 's',
      '><': 'bob',
      pid: 'bob',
    });
    const [push, ...more] = toldIn(ann.news());
    expect(more).to.deep.equal([]);
    expect(Object.keys(push ?? {}).toSorted()).to.deep.equal(['#', 'put']);
    expect(push?.['#']).to.match(/^[0-9A-Za-z]{9}$/);
    expect(push?.put).to.deep.equal(message.put);
  });

  it('hears nothing of what it did not ask for', async () => {
    const world = await newWorld();
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    await world.ask(ann, get('r1', 'soul', 'k'), get('r2', 'soul/below'), get('r3', 'sou'));
    ann.news();
    await world.ask(bob, put('w1', 'soul', { other: 1 }), put('w2', 'soul2', { k: 1 }), get('r4', 'soul'));
    expect(ann.news()).to.deep.equal([]);
  });

  it('hears the answers to its own reads only, and no id of another', async () => {
    const world = await newWorld();
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    const relay = await world.inboundRelay('relay');
    await world.ask(bob, put('bob writes', 'soul', { k: 1 }));
    bob.say(get('bob reads', 'soul'), get('bob misses', 'missing'));
    await world.advance(400, 50);
    expect(ann.news()).to.deep.equal([]);
    // Only reads travel on under their id; by then it is used.
    const heard = relay.news().map((message) => String(message['#']));
    expect(heard).to.not.include('bob writes');
    await world.ask(relay, put('bob misses', 'soul', { k: 2 }, PAST + 1));
    expect(await world.ask(bob, put('bob misses', 'soul', { k: 3 }, PAST + 2))).to.deep.equal([]);
    expect(await world.ask(bob, put('next', 'soul', { k: 3 }, PAST + 2))).to.have.nested.property(
      '[0].ok',
      true,
    );
  });

  it('cannot make a relay believe that there is nothing by saying the ids of its reads first', async () => {
    const world = await newWorld();
    const [ann, eve] = [await world.client('ann'), await world.client('eve')];
    const [relay, other] = [await world.inboundRelay('relay'), await world.inboundRelay('other')];
    await world.ask(ann, put('w1', 'soul', { k: 1 }));
    eve.say(get('relay reads', 'missing'));
    await world.advance(3000, 100);
    const passedOn = other.news().filter((message) => message.get !== undefined);
    expect(passedOn.map((message) => message['#'])).to.include('relay reads');
    const answers = (await world.ask(relay, get('relay reads', 'soul'))).filter(
      (message) => message['@'] === 'relay reads',
    );
    expect(answers).to.have.lengthOf(1);
    expect(answers[0]?.put?.['soul']?.['k']).to.equal(1);
    // What has come around a ring must not travel on.
    expect(other.news().filter((message) => message.get !== undefined)).to.deep.equal([]);
  });
});
