import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { useRelay } from '../support/interop-world.ts';
import { freshId, freshName, graphOf, type RawNode } from '../support/raw-peer.ts';

const ID = /^[0-9A-XZa-z]{9}$/;
const MINUTE_MS = 60_000;

interface CrashVectors {
  readonly cases: readonly { readonly frame_name: string; readonly frame: string }[];
}

const CRASHES = JSON.parse(
  readFileSync(new URL('../../../spec/vectors/gun/crash.json', import.meta.url), 'utf8'),
) as CrashVectors;

function node(parts: object): RawNode {
  return parts as RawNode;
}

describe('interop: writes', function () {
  this.timeout(30_000);
  const shared = useRelay();

  it('acks a put once, with ok true and a fresh id and nothing else', async () => {
    const peer = await shared.world.raw(shared.relay);
    const id = freshId();
    peer.send({ '#': id, put: graphOf(freshName('doc'), { word: 1 }), ok: { '@': 9, '/': 1 } });
    const ack = await peer.reply(id);
    expect(ack).to.have.all.keys('#', '@', 'ok');
    expect(ack.ok).to.equal(true);
    expect(ack['#']).to.match(ID);
    await peer.caughtUp();
    expect(peer.repliesTo(id)).to.have.lengthOf(1);
  });

  it('stores every kind of value exactly', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('values');
    const fields = {
      text: 'text',
      empty: '',
      quoted: '"\\\n\u0000\ud83e\udd84',
      lone: '\ud800',
      zero: 0,
      fraction: 0.1,
      negative: -3,
      large: 1e21,
      small: 5e-324,
      yes: true,
      no: false,
      nothing: null,
      link: { '#': 'elsewhere' },
    };
    await peer.put(graphOf(soul, fields, 7));
    const read = (await peer.get({ '#': soul })).put?.[soul];
    expect(read).to.deep.equal(graphOf(soul, fields, 7)[soul]);
  });

  it('acks a write that changes nothing', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('doc');
    await peer.put(graphOf(soul, { word: 'same' }, 5));
    expect((await peer.put(graphOf(soul, { word: 'same' }, 5))).ok).to.equal(true);
    expect((await peer.put(graphOf(soul, { word: 'same' }, 6))).ok).to.equal(true);
  });

  it('acks a write that is older than what is stored, and neither stores nor pushes it', async () => {
    const [peer, listener] = await Promise.all([
      shared.world.raw(shared.relay),
      shared.world.raw(shared.relay),
    ]);
    const soul = freshName('doc');
    await peer.put(graphOf(soul, { word: 'newer' }, 5));
    await listener.get({ '#': soul });
    expect((await peer.put(graphOf(soul, { word: 'older' }, 4))).ok).to.equal(true);
    expect((await peer.put(graphOf(soul, { word: 'loses the tie' }, 5))).ok).to.equal(true);
    await peer.put(graphOf(soul, { mark: 1 }, 6));
    expect((await listener.pushed(soul)).put?.[soul])
      .to.include({ mark: 1 })
      .and.not.have.property('word');
    expect(await peer.value(soul, 'word')).to.equal('newer');
  });

  it('acks a mix of winning and losing properties once, and pushes the winners only', async () => {
    const [peer, listener] = await Promise.all([
      shared.world.raw(shared.relay),
      shared.world.raw(shared.relay),
    ]);
    const soul = freshName('doc');
    await peer.put(graphOf(soul, { old: 'newer' }, 5));
    await listener.get({ '#': soul });
    const graph = {
      [soul]: node({ _: { '#': soul, '>': { old: 4, fresh: 4 } }, old: 'older', fresh: 'first' }),
    };
    const id = freshId();
    expect((await peer.put(graph, id)).ok).to.equal(true);
    const push = await listener.pushed(soul);
    expect(push.put?.[soul]).to.deep.equal({ _: { '#': soul, '>': { fresh: 4 } }, fresh: 'first' });
    await peer.caughtUp();
    expect(peer.repliesTo(id)).to.have.lengthOf(1);
    expect(await peer.value(soul, 'old')).to.equal('newer');
  });

  it('acks a write from the near future at once, and serves and pushes it when its time has come', async () => {
    const [peer, listener] = await Promise.all([
      shared.world.raw(shared.relay),
      shared.world.raw(shared.relay),
    ]);
    const soul = freshName('future');
    await peer.put(graphOf(soul, { word: 'now' }, 5));
    await listener.get({ '#': soul });
    const due = Date.now() + 1500;
    expect((await peer.put(graphOf(soul, { word: 'then' }, due))).ok).to.equal(true);
    const early = await peer.value(soul, 'word');
    if (Date.now() < due) expect(early).to.equal('now');
    const push = await listener.pushed(soul);
    expect(push.put?.[soul]).to.include({ word: 'then' });
    expect(Date.now()).to.be.at.least(due - 50);
    expect(await peer.value(soul, 'word')).to.equal('then');
  });

  it('keeps a write from the near future over a restart', async () => {
    const relay = await shared.world.relay();
    const soul = freshName('future');
    const due = Date.now() + 2500;
    const writer = await shared.world.raw(relay);
    expect((await writer.put(graphOf(soul, { word: 'then' }, due))).ok).to.equal(true);
    await relay.kill();
    const again = await shared.world.relay({ data: relay.data });
    const reader = await shared.world.raw(again);
    const early = await reader.value(soul, 'word');
    if (early === undefined) await reader.pushed(soul);
    expect(Date.now()).to.be.at.least(due - 50);
    expect(await reader.value(soul, 'word')).to.equal('then');
  });

  it('refuses a write beyond the horizon, whole', async () => {
    const peer = await shared.world.raw(shared.relay);
    for (const state of [Date.now() + 11 * MINUTE_MS, 1e15]) {
      const soul = freshName('far');
      const graph = { [soul]: node({ _: { '#': soul, '>': { near: 5, far: state } }, near: 1, far: 1 }) };
      const ack = await peer.put(graph);
      expect(ack.err).to.be.a('string');
      expect(ack).to.not.have.property('ok');
      expect(await peer.value(soul, 'near')).to.equal(undefined);
    }
  });

  it('takes states of any finite number', async () => {
    const peer = await shared.world.raw(shared.relay);
    for (const state of [0, -1, 0.5, 1795194711079.001]) {
      const soul = freshName('state');
      expect((await peer.put(graphOf(soul, { word: 1 }, state))).ok).to.equal(true);
      expect((await peer.get({ '#': soul })).put?.[soul]?._['>']).to.deep.equal({ word: state });
    }
  });

  it('stores and acks an answer to a question nobody asked', async () => {
    const peer = await shared.world.raw(shared.relay);
    const [soul, id] = [freshName('late'), freshId()];
    peer.send({ '#': id, '@': freshId(), put: graphOf(soul, { word: 1 }) });
    expect((await peer.reply(id)).ok).to.equal(true);
    expect(await peer.value(soul, 'word')).to.equal(1);
  });

  it('takes a put without an id, or with an empty one, each time it comes', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('nameless');
    peer.send({ put: graphOf(soul, { one: 1 }) });
    peer.send({ '#': '', put: graphOf(soul, { two: 1 }) });
    peer.send({ '#': '', put: graphOf(soul, { three: 1 }) });
    await peer.messages.until(
      () => peer.messages.all.filter(({ ok }) => ok === true).length >= 3 || undefined,
      'three acks',
    );
    expect((await peer.get({ '#': soul })).put?.[soul]).to.include({ one: 1, two: 1, three: 1 });
  });

  it('drops a put whose id it has seen of this peer, without an answer', async () => {
    const peer = await shared.world.raw(shared.relay);
    const [soul, id] = [freshName('twice'), freshId()];
    await peer.put(graphOf(soul, { word: 'first' }, 5), id);
    peer.send({ '#': id, put: graphOf(soul, { word: 'second' }, 6) });
    await peer.caughtUp();
    expect(peer.repliesTo(id)).to.have.lengthOf(1);
    expect(await peer.value(soul, 'word')).to.equal('first');
  });

  it('lets nobody hide the put of another by taking its id first', async () => {
    const peer = await shared.world.raw(shared.relay);
    const other = await shared.world.raw(shared.relay);
    const [soul, id] = [freshName('hidden'), freshId()];
    await peer.put(graphOf(soul, { word: 'first' }, 5), id);
    expect((await other.put(graphOf(soul, { word: 'second' }, 6), id)).ok).to.equal(true);
    expect(await peer.value(soul, 'word')).to.equal('second');
  });

  it('acks a put of nothing', async () => {
    const peer = await shared.world.raw(shared.relay);
    expect((await peer.put({})).ok).to.equal(true);
  });

  it('carries out only the put of a message that has a get too', async () => {
    const peer = await shared.world.raw(shared.relay);
    const [soul, other, id] = [freshName('both'), freshName('other'), freshId()];
    await peer.put(graphOf(other, { word: 'other' }));
    peer.send({ '#': id, put: graphOf(soul, { word: 1 }), get: { '#': other } });
    expect((await peer.reply(id)).ok).to.equal(true);
    await peer.caughtUp();
    expect(peer.repliesTo(id)).to.have.lengthOf(1);
    expect(await peer.value(soul, 'word')).to.equal(1);
  });

  const soul = 'fault';
  const states = { '#': soul, '>': { word: 1 } };
  const FAULTS: readonly (readonly [what: string, put: string])[] = [
    ['a put that is a text', '"text"'],
    ['a put that is an array', '[]'],
    ['a put that is a number', '5'],
    ['a node that is null', `{"${soul}":null}`],
    ['a node that is a text', `{"${soul}":"text"}`],
    ['a node without metadata', `{"${soul}":{"word":1}}`],
    ['a node without a soul', `{"${soul}":{"_":{">":{"word":1}},"word":1}}`],
    ['a node with another soul', `{"${soul}":{"_":{"#":"other",">":{"word":1}},"word":1}}`],
    ['a node without states', `{"${soul}":{"_":{"#":"${soul}"},"word":1}}`],
    ['a property without a state', `{"${soul}":{"_":{"#":"${soul}",">":{}},"word":1}}`],
    ['an array as value', JSON.stringify({ [soul]: { _: states, word: [1] } })],
    ['an object as value', JSON.stringify({ [soul]: { _: states, word: { a: 1 } } })],
    ['a link with a second key', JSON.stringify({ [soul]: { _: states, word: { '#': 'a', b: 1 } } })],
    ['a link to nothing', JSON.stringify({ [soul]: { _: states, word: { '#': '' } } })],
    ['an endless number', `{"${soul}":{"_":{"#":"${soul}",">":{"word":1}},"word":1e999}}`],
    ['a state that is a text', `{"${soul}":{"_":{"#":"${soul}",">":{"word":"5"}},"word":1}}`],
    ['a state that is null', `{"${soul}":{"_":{"#":"${soul}",">":{"word":null}},"word":1}}`],
    ['an endless state', `{"${soul}":{"_":{"#":"${soul}",">":{"word":1e999}},"word":1}}`],
    ['an empty soul', '{"":{"_":{"#":"",">":{"word":1}},"word":1}}'],
    ['an empty key', `{"${soul}":{"_":{"#":"${soul}",">":{"":1}},"":1}}`],
  ];
  for (const [what, put] of FAULTS) {
    it(`refuses ${what} with a reason, and all that comes with it`, async () => {
      const peer = await shared.world.raw(shared.relay);
      const [good, id] = [freshName('good'), freshId()];
      const before = `"${good}":{"_":{"#":"${good}",">":{"word":1}},"word":1},`;
      const faulty = put.startsWith('{') ? `{${before}${put.slice(1)}` : put;
      peer.sendText(`{"#":"${id}","put":${faulty}}`);
      const refusal = await peer.reply(id);
      expect(refusal.err).to.be.a('string').that.has.length.above(0);
      expect(refusal).to.not.have.property('ok');
      expect(await peer.value(good, 'word')).to.equal(undefined);
    });
  }

  for (const [frame, name] of new Map(CRASHES.cases.map((one) => [one.frame, one.frame_name]))) {
    it(`survives what ends a gun relay: ${name}`, async () => {
      const peer = await shared.world.raw(shared.relay);
      peer.sendText(frame);
      const doc = freshName('after');
      expect((await peer.put(graphOf(doc, { word: 1 }))).ok).to.equal(true);
      expect(await peer.value(doc, 'word')).to.equal(1);
    });
  }
});
