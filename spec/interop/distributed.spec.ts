import { rm } from 'node:fs/promises';
import { expect } from 'chai';
import type { GunProcess } from '../support/gun-process.ts';
import { InteropWorld } from '../support/interop-world.ts';
import { freshName, graphOf, type RawMessage } from '../support/raw-peer.ts';
import type { RelayProcess } from '../support/relay-process.ts';

/** The messages in frames. */
function messagesIn(frames: readonly string[]): RawMessage[] {
  return frames.flatMap((text) => [JSON.parse(text) as RawMessage | RawMessage[]].flat());
}

/** How many messages of a client's socket carried this soul so far. */
async function putsHeard(gun: GunProcess, soul: string): Promise<number> {
  const { heard } = await gun.frames();
  return messagesIn(heard).filter(({ put }) => Object.hasOwn(put ?? {}, soul)).length;
}

/** 8000 numbered properties. */
function half(from: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: 8000 }, (_, at) => [`key ${from + at}`, from + at]));
}

describe("interop: the cases of gun's distributed tests", function () {
  this.timeout(30_000);
  const world = new InteropWorld();
  /** What specs share that keep apart by the names they use. */
  const shared = new InteropWorld();
  let relay: RelayProcess;
  /** Two that are linked. */
  let pair: readonly [RelayProcess, RelayProcess];

  before(async () => {
    relay = await shared.relay();
    pair = [relay, await shared.relay({ peers: [relay.url] })];
    await shared.linked(...pair);
  });
  afterEach(() => world.end());
  after(() => shared.end());

  it('puts, acks and answers a get with one message, without troubling the writer', async () => {
    const [first] = pair;
    const a = freshName('a');
    const alice = await world.gun({ peers: [first] });
    expect(await alice.put([a], { hello: 'world' })).to.deep.equal({ ok: true });
    const said = (await alice.frames()).said.length;
    for (const at of pair) {
      const dave = await world.gun({ peers: [at] });
      expect(await dave.once([a])).to.deep.equal({ hello: 'world' });
      expect(await putsHeard(dave, a)).to.equal(1);
    }
    expect((await alice.frames()).said.slice(said)).to.deep.equal([]);
  });

  it('finds what only another client has, and knows it from then on', async () => {
    const a = freshName('a');
    const [alice, [carl, dave]] = await Promise.all([world.gun({ peers: [relay] }), world.pair(relay)]);
    await alice.disconnect();
    await alice.write([a], { hello: 'world' });
    await alice.connect();
    // Two who ask at once, as in gun's own test.
    expect(await Promise.all([carl.once([a]), dave.once([a])])).to.deep.equal([
      { hello: 'world' },
      { hello: 'world' },
    ]);
    await alice.end();
    const ed = await world.gun({ peers: [relay] });
    expect(await ed.once([a])).to.deep.equal({ hello: 'world' });
  });

  it('finds the holy grail: both clients end with the later word after the relay lost everything', async () => {
    const lone = await world.relay();
    const [alice, bob] = await world.pair(lone);
    const heard = await Promise.all([alice.on(['holy', 'grail']), bob.on(['holy', 'grail'])]);
    await alice.put(['holy', 'grail'], 'value');
    for (const listener of heard) await listener.equals('value');

    await lone.kill();
    await Promise.all([alice.disconnected(), bob.disconnected()]);
    await rm(lone.data, { recursive: true });
    await alice.write(['holy', 'grail'], 'Alice');
    await bob.write(['holy', 'grail'], 'Bob');

    const again = await world.relay({ port: lone.port });
    await Promise.all([alice.connected(), bob.connected()]);
    for (const listener of heard) await listener.equals('Bob');
    const carl = await world.gun({ peers: [again] });
    const grail = await carl.on(['holy', 'grail']);
    await grail.equals('Bob');
  });

  it('tells listeners what was written while the relay was down', async () => {
    const lone = await world.relay();
    const [alice, dave] = await world.pair(lone);
    const heard = await dave.on(['a']);
    const mine = await alice.on(['a']);
    await alice.put(['a'], { hello: 'world' });
    await heard.becomes((node) => (node as { hello?: string } | undefined)?.hello === 'world');
    await mine.becomes((node) => node !== undefined);
    await lone.kill();
    await Promise.all([alice.disconnected(), dave.disconnected()]);
    await alice.write(['a'], { foo: 'bar' });
    await world.relay({ data: lone.data, port: lone.port });
    await Promise.all([alice.connected(), dave.connected()]);
    const node = await heard.becomes((value) => (value as { foo?: string } | undefined)?.foo === 'bar');
    expect(node).to.deep.equal({ hello: 'world', foo: 'bar' });
  });

  it('holds a node of 16000 properties', async () => {
    const a = freshName('a');
    const alice = await world.gun({ peers: [relay] });
    expect(await alice.put([a], half(0))).to.deep.equal({ ok: true });
    expect(await alice.put([a], half(8000))).to.deep.equal({ ok: true });
    await alice.end();
    const dave = await world.gun({ peers: [relay] });
    const heard = await dave.on([a]);
    const node = await heard.becomes(
      (value) => Object.keys(value ?? {}).length === 16_000,
      '16000 properties',
    );
    expect(node).to.deep.equal({ ...half(0), ...half(8000) });
  });

  it('pushes to the four who asked, and to nobody else', async () => {
    const [a, last] = [freshName('a'), freshName('mark')];
    const guns = await world.guns(6, relay);
    const [alice, ed, ...readers] = guns as [GunProcess, GunProcess, ...GunProcess[]];
    const heard = await Promise.all(readers.map((gun) => gun.on([a, 'hello'])));
    for (let round = 0; round < 5; round += 1) {
      await alice.put([a], { hello: `round ${round}` });
      await Promise.all(heard.map((listener) => listener.equals(`round ${round}`)));
    }
    for (const reader of readers) expect(await putsHeard(reader, a)).to.equal(5);
    // What ed hears of last was written after all of it.
    const mark = await ed.on([last, 'here']);
    await alice.put([last, 'here'], true);
    await mark.equals(true);
    for (const gun of [alice, ed]) expect(await putsHeard(gun, a)).to.equal(0);
  });

  it('takes the later change of one who asked to the others who asked', async () => {
    const [first, second] = pair;
    const a = freshName('a');
    const alice = await world.gun({ peers: [second] });
    const [carl, dave] = await world.pair(first);
    const heard = await Promise.all([alice, carl, dave].map((gun) => gun.on([a, 'hello'])));
    await alice.put([a, 'hello'], 'world');
    for (const listener of heard) await listener.equals('world');
    await dave.put([a, 'hello'], 'dave');
    for (const listener of heard) await listener.equals('dave');
  });

  it('brings everything of one server to another that asks for it', async () => {
    const first = await world.relay();
    const writer = await world.raw(first);
    const all = ['a1', 'b2', 'c3', 'd4'];
    for (const [at, soul] of all.entries())
      await writer.put(graphOf(soul, { [soul.slice(0, 1)]: at + 1 }, 3));
    const second = await world.relay({ peers: [first.url] });
    await world.linked(first, second);
    const reader = await world.raw(second);
    for (const [at, soul] of all.entries())
      expect(await reader.value(soul, soul.slice(0, 1))).to.equal(at + 1);
    await first.kill();
    const late = await world.raw(second);
    for (const [at, soul] of all.entries()) expect(await late.value(soul, soul.slice(0, 1))).to.equal(at + 1);
  });
});
