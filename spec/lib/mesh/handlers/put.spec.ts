import { expect } from 'chai';
import type { SignedPuts } from '../../../../lib/mesh/context.ts';
import { get, meshWorlds, PAST, put, type MeshWorld } from '../../../support/mesh-world.ts';
import { RecordingLink } from '../../../support/recording-link.ts';

/** Steps in which a slow operation is read, each of them longer than a slice. */
const SLOW_STEPS = 12;
const SLOW_STEP_MS = 10;
const FUTURE_MS = 60_000;

/** Reads operations slowly, and says of each what its put has as `op`: a reason, or null for a good one. */
function slowReader(world: MeshWorld): SignedPuts {
  function* slowly(op: unknown): Generator<void, string | undefined> {
    for (let step = 0; step < SLOW_STEPS; step += 1) {
      world.time.advance(SLOW_STEP_MS);
      yield;
    }
    return op === null ? undefined : (op as string);
  }
  return {
    read: ({ op }) => (op === undefined ? undefined : slowly(op)),
    tell: () => Promise.resolve(),
    tellLog: () => Promise.resolve(),
  };
}

describe('mesh/handlers/put', () => {
  const newWorld = meshWorlds();

  it('acknowledges a write once, with its id, after it is committed', async () => {
    const world = await newWorld();
    const ann = await world.client();
    const hold = world.storage.hold('commit');
    ann.say(put('w1', 'soul', { key: 'value' }));
    await world.settle();
    expect(ann.news()).to.deep.equal([]);
    hold.release();
    await world.settle();
    const answers = ann.news();
    expect(answers).to.have.lengthOf(1);
    expect(answers[0]).to.include({ '@': 'w1', ok: true }).and.have.keys('#', '@', 'ok');
    expect(await world.graph.readField('soul', 'key')).to.include({ state: PAST, json: '"value"' });
  });

  it('reads operations over many turns: others are served in between, and what their peer puts next waits', async () => {
    const world = await newWorld({ inBand: slowReader });
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    const before = world.turns.count;
    ann.say({ ...put('w1', 'soul', { key: 1 }), op: null }, put('w2', 'soul', { key: 2 }, PAST + 1));
    ann.say({ ...put('w3', 'soul', { key: 3 }, PAST + 2), op: 'no' });
    while (world.turns.count < before + 3) await world.turns.turn();
    bob.say(get('r1', 'other'));
    while (bob.heard.every((message) => message['@'] !== 'r1')) await world.turns.turn();
    expect([ann.news(), world.storage.commits]).to.deep.equal([[], []]);
    await world.settle();
    expect(world.turns.count - before).to.be.above(2 * SLOW_STEPS);
    const answers = ann.news().map(({ '@': id, ok, err }) => [id, ok ?? err]);
    expect(answers).to.have.deep.members([
      ['w1', true],
      ['w2', true],
      ['w3', 'no'],
    ]);
    expect(await world.graph.readField('soul', 'key')).to.include({ json: '2' });
  });

  it('is done with what it reads before a mesh is closed, also for peers that left', async () => {
    const world = await newWorld({ inBand: slowReader });
    const ann = await world.client('ann');
    ann.say({ ...put('w1', 'soul', { key: 1 }), op: null });
    ann.hangUp();
    const closing = world.mesh.close();
    await world.settle();
    await closing;
    expect(await world.graph.readField('soul', 'key')).to.include({ json: '1' });
  });

  it('acknowledges nothing to relays like itself, which wait for nothing, but refuses what is wrong', async () => {
    const world = await newWorld();
    const inbound = await world.inboundRelay('in');
    const dialled = await world.dialledRelay('out');
    const gun = await world.dialledRelay('gun');
    dialled.say({ '#': 'hi1', dam: 'hi', relay: true });
    for (const [at, relay] of [inbound, dialled, gun].entries()) {
      const news = await world.ask(relay, put(`w${at}`, `s${at}`, { k: 1 }));
      expect(news.filter((message) => message.ok === true)).to.have.lengthOf(relay === gun ? 1 : 0);
      const refusal = await world.ask(relay, put(`f${at}`, `s${at}`, { k: 2 }, Number.MAX_VALUE));
      expect(refusal.filter((message) => message.err !== undefined)).to.have.lengthOf(1);
    }
  });

  it('acknowledges what loses, for it is settled, and says no more about it', async () => {
    const world = await newWorld();
    const ann = await world.client('ann');
    const bob = await world.client('bob');
    await world.ask(ann, put('w1', 'soul', { key: 'b' }));
    await world.ask(bob, get('r1', 'soul'));
    const news = await world.ask(
      ann,
      put('w2', 'soul', { key: 'a' }),
      put('w3', 'soul', { key: 'b' }),
      put('w4', 'soul', { key: 'c' }, PAST - 1),
    );
    expect(news.map((message) => [message['@'], message.ok])).to.have.deep.members([
      ['w2', true],
      ['w3', true],
      ['w4', true],
    ]);
    expect(bob.news()).to.deep.equal([]);
  });

  it('acknowledges an empty write', async () => {
    const world = await newWorld();
    const ann = await world.client();
    expect(await world.ask(ann, { '#': 'w1', put: {} })).to.have.nested.property('[0].ok', true);
  });

  it('drops what a peer says again under the same id, without an answer', async () => {
    const world = await newWorld();
    const ann = await world.client('ann');
    await world.ask(ann, put('w1', 'soul', { key: 1 }));
    expect(await world.ask(ann, put('w1', 'soul', { key: 2 }, PAST + 1))).to.deep.equal([]);
    await world.ask(ann, get('r1', 'soul'));
    expect(await world.ask(ann, put('r1', 'soul', { key: 2 }, PAST + 1))).to.deep.equal([]);
    expect(await world.graph.readField('soul', 'key')).to.include({ json: '1' });
  });

  it('lets nobody hide the write of another by taking its id first', async () => {
    const world = await newWorld();
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    await world.ask(bob, get('r1', 'soul'));
    const poison = [put('w1', 'other', { key: 1 }), get('w2', 'other'), { '#': 'w3', dam: 'hi' }];
    for (const message of poison) await world.ask(bob, message);
    for (const [at, id] of ['w1', 'w2', 'w3'].entries()) {
      const [ack] = await world.ask(ann, put(id, 'soul', { [id]: 1 }, PAST + at));
      expect(ack, id).to.include({ '@': id, ok: true });
      expect(bob.news(), id)
        .to.have.nested.property('[0].put.soul')
        .that.includes({ [id]: 1 });
    }
  });

  it('takes an id for new nine seconds after its last touch at the earliest', async () => {
    const world = await newWorld();
    const ann = await world.client();
    await world.ask(ann, put('w1', 'soul', { key: 1 }));
    for (let i = 0; i < 5; i += 1) {
      await world.advance(9000);
      expect(await world.ask(ann, put('w1', 'soul', { key: 1 }))).to.deep.equal([]);
    }
    await world.advance(40_000);
    expect(await world.ask(ann, put('w1', 'soul', { key: 1 }))).to.have.lengthOf(1);
  });

  it('does not note the id of a message that is refused', async () => {
    const world = await newWorld();
    const ann = await world.client('ann');
    const bob = await world.client('bob');
    const [refusal] = await world.ask(ann, { '#': 'w1', put: { soul: { key: 1 } as never } });
    expect(refusal).to.include({ '@': 'w1' }).and.have.property('err');
    expect(await world.ask(bob, put('w1', 'soul', { key: 1 }))).to.have.nested.property('[0].ok', true);
  });

  it('tells the writer when the storage fails, and goes on', async () => {
    const world = await newWorld();
    const ann = await world.client('ann');
    const bob = await world.client('bob');
    await world.ask(bob, get('r1', 'soul'));
    world.storage.fails = (operation) => operation === 'commit';
    const [refusal] = await world.ask(ann, put('w1', 'soul', { key: 1 }));
    expect(refusal?.['@']).to.equal('w1');
    expect(refusal?.err).to.match(/storage failed/);
    expect(bob.news()).to.deep.equal([]);
    expect(world.events.map(({ kind }) => kind)).to.include('commit-failed');
    world.storage.fails = () => false;
    expect(await world.ask(ann, put('w2', 'soul', { key: 1 }))).to.have.nested.property('[0].ok', true);
    expect(bob.news()).to.have.lengthOf(1);
  });

  it('tells the writer when it must not wait longer', async () => {
    const world = await newWorld({ limits: { waitingPuts: 1 } });
    const ann = await world.client();
    const news = await world.ask(ann, put('w1', 's', { k: 1 }), put('w2', 's', { k: 2 }));
    expect(news.find((message) => message['@'] === 'w1')).to.include({ ok: true });
    expect(news.find((message) => message['@'] === 'w2')).to.have.property('err');
  });

  it('tells others of a write from the future when its time comes, and not before', async () => {
    const world = await newWorld();
    const ann = await world.client('ann');
    const bob = await world.client('bob');
    await world.ask(bob, get('r1', 'soul'));
    const state = world.time.clock() + FUTURE_MS;
    expect(await world.ask(ann, put('w1', 'soul', { key: 1 }, state))).to.have.nested.property(
      '[0].ok',
      true,
    );
    expect(bob.news()).to.deep.equal([]);
    await world.advance(FUTURE_MS - 1);
    expect(bob.news()).to.deep.equal([]);
    await world.advance(1);
    expect(bob.news())
      .to.have.nested.property('[0].put')
      .deep.equal(put('', 'soul', { key: 1 }, state).put);
  });

  it('refuses a write from beyond the horizon', async () => {
    const world = await newWorld();
    const ann = await world.client();
    const state = world.time.clock() + world.limits.futureMs + 1;
    expect(await world.ask(ann, put('w1', 'soul', { key: 1 }, state))).to.have.nested.property('[0].err');
    expect(world.events.find(({ kind }) => kind === 'refused')).to.include({
      what: 'put',
      reason: `put["soul"]["key"]: state is more than ${world.limits.futureMs} ms in the future`,
    });
  });

  it('refuses whatever comes from a peer that may only read, and serves its reads', async () => {
    const world = await newWorld();
    const link = new RecordingLink('reader');
    world.mesh.accept(link, 'client', false);
    await world.settle();
    const news = await world.ask(link, put('w1', 'soul', { key: 1 }), {
      ...put('w2', 'soul', { k: 1 }),
      '@': 'x',
    });
    const refusals = news.filter(({ err }) => err === 'this relay takes writes with a token only');
    expect(refusals.map((message) => message['@'])).to.deep.equal(['w1', 'w2']);
    expect(await world.graph.readField('soul', 'key')).to.equal(undefined);
    expect(world.mesh.counters.refusals.access).to.equal(2);
    expect(await world.ask(link, get('r1', 'soul'))).to.have.nested.property('[0].@', 'r1');
  });

  it('stores and acknowledges what its sender marks as failed, and passes it on to nobody', async () => {
    const world = await newWorld();
    const ann = await world.client('ann');
    const bob = await world.client('bob');
    await world.ask(bob, get('r1', 'soul'));
    const news = await world.ask(ann, { ...put('w1', 'soul', { key: 1 }), err: 'no' });
    expect(news).to.have.nested.property('[0].ok', true);
    expect(bob.news()).to.deep.equal([]);
    expect(await world.graph.readField('soul', 'key')).to.include({ json: '1' });
  });

  it('acknowledges data that answers a question nobody asked', async () => {
    const world = await newWorld();
    const ann = await world.client();
    const news = await world.ask(ann, { ...put('w1', 'soul', { key: 1 }), '@': 'unknown' });
    expect(news).to.have.nested.property('[0].ok', true);
  });

  it('merges an answer to its own question without acknowledging it', async () => {
    const world = await newWorld();
    const ann = await world.client('ann');
    const bob = await world.client('bob');
    await world.ask(bob, get('r1', 'soul'));
    bob.news();
    const question = (await world.ask(ann, get('r2', 'soul'))).find((message) => message.get !== undefined);
    const news = await world.ask(ann, { ...put('a1', 'soul', { key: 1 }), '@': question?.['#'] ?? '' });
    expect(news).to.deep.equal([]);
    expect(bob.news()).to.have.nested.property('[0].put.soul.key', 1);
  });

  it('keeps the names of built-ins apart from built-ins', async () => {
    const world = await newWorld();
    const ann = await world.client('ann');
    const bob = await world.client('bob');
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      await world.ask(bob, get(`r-${name}`, name));
      expect(await world.ask(ann, put(name, name, { [name]: name }))).to.have.nested.property('[0].@', name);
      const push = bob.news().find((message) => message.put !== undefined);
      expect(Object.keys(push?.put ?? {}), name).to.deep.equal([name]);
      expect(Object.hasOwn(push?.put?.[name] ?? {}, name), name).to.equal(true);
    }
    expect(({} as Record<string, unknown>)['key']).to.equal(undefined);
  });

  it('counts a large put for several among those that wait for the storage', async () => {
    for (const [text, puts] of [
      ['small', 10],
      ['x'.repeat(16_384), 5],
      ['x'.repeat(200_000), 1],
    ] as const) {
      const world = await newWorld({ limits: { unsettledPuts: 10, inputFrames: 1 } });
      const ann = await world.client();
      const hold = world.storage.hold('commit');
      let taken = 0;
      for (; !ann.isPaused && taken < 20; taken += 1) ann.say(put(`w${taken}`, `soul ${taken}`, { k: text }));
      // The one that has to wait stops the link.
      expect(taken - 1, `of ${text.length} characters`).to.equal(puts);
      hold.release();
      await world.settle();
      expect(ann.isPaused).to.equal(false);
      expect(ann.news().filter(({ ok }) => ok === true)).to.have.lengthOf(taken);
    }
  });

  it('counts long names as well', async () => {
    const world = await newWorld({ limits: { unsettledPuts: 10, inputFrames: 1 } });
    const ann = await world.client();
    const hold = world.storage.hold('commit');
    const names = Array.from({ length: 11 }, (_, at) => [`${at}${'x'.repeat(16_000)}`, 1]);
    ann.say(put('w1', 'soul', Object.fromEntries(names)), put('w2', 'soul', { k: 1 }));
    ann.say(put('w3', 'soul', { k: 2 }));
    expect(ann.isPaused).to.equal(true);
    hold.release();
    await world.settle();
    expect(ann.isPaused).to.equal(false);
  });

  it('hears a peer no further that has puts waiting while those of all are many, and others on', async () => {
    const limits = { waitingLength: 10_000, inputFrames: 1 };
    const world = await newWorld({ limits });
    const [ann, bob, carl] = [await world.client(), await world.client(), await world.client()];
    const hold = world.storage.hold('commit');
    ann.say(put('w0', 'soul', { k: 0 }));
    await world.turns.turn();
    await hold.reached;
    const say = (who: typeof ann, id: string, text: string): void => who.say(put(id, id, { k: text }));
    say(ann, 'a1', 'x'.repeat(3000));
    say(ann, 'a2', 'x');
    expect(ann.isPaused).to.equal(false);
    say(bob, 'b1', 'x'.repeat(3000));
    for (const [who, id] of [
      [ann, 'a3'],
      [bob, 'b2'],
    ] as const) {
      say(who, id, 'x');
      say(who, `${id} more`, 'x');
      expect(who.isPaused, id).to.equal(true);
    }
    say(carl, 'c1', 'x');
    expect(carl.isPaused).to.equal(false);
    hold.release();
    await world.settle();
    for (const who of [ann, bob, carl]) {
      expect(who.isPaused).to.equal(false);
      expect(who.news().every(({ err }) => err === undefined)).to.equal(true);
    }
    const stored = ['a3', 'b2', 'a3 more', 'b2 more', 'c1'];
    for (const soul of stored) expect(await world.graph.readField(soul, 'k')).to.include({ json: '"x"' });
  });

  it('answers a peer that left with nothing, and stores what it wrote', async () => {
    const world = await newWorld();
    const ann = await world.client();
    ann.say(put('w1', 'soul', { key: 1 }));
    ann.hangUp();
    await world.settle();
    expect(await world.graph.readField('soul', 'key')).to.include({ json: '1' });
  });
});
