import { expect } from 'chai';
import { useRelay } from '../support/interop-world.ts';
import { freshId, freshName, graphOf, type RawMessage } from '../support/raw-peer.ts';

const ID = /^[0-9A-XZa-z]{9}$/;

/** The hash of an answer: over the JSON of its put with keys sorted, 31-multiplier, 32 bits. */
function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}

describe('interop: reads', function () {
  this.timeout(30_000);
  const shared = useRelay();

  it('answers a read of a node with all of it, its states and its hash', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('ex');
    const graph = graphOf(soul, { a: 'A', b: 22, c: null, d: { '#': 'elsewhere' } }, 3);
    await peer.put(graph);
    const id = freshId();
    const reply = await peer.get({ '#': soul }, id);
    expect(reply).to.have.all.keys('#', '##', '@', 'put');
    expect(reply['#']).to.match(ID);
    expect(reply.put).to.deep.equal(graph);
    expect(reply['##']).to.equal(hashOf(sortedJson(graph)));
    await peer.caughtUp();
    expect(peer.repliesTo(id)).to.have.lengthOf(1);
  });

  it('answers a read of a property with that property alone', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('ex');
    await peer.put(graphOf(soul, { a: 'A', b: 22 }, 3));
    const reply = await peer.get({ '#': soul, '.': 'b' });
    expect(reply.put).to.deep.equal(graphOf(soul, { b: 22 }, 3));
    expect(reply['##']).to.equal(hashOf(sortedJson(reply.put)));
  });

  it('answers a read of null with null', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('ex');
    await peer.put(graphOf(soul, { c: null }, 3));
    expect((await peer.get({ '#': soul, '.': 'c' })).put).to.deep.equal(graphOf(soul, { c: null }, 3));
  });

  it('says that it has nothing by an answer without a put', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('ex');
    await peer.put(graphOf(soul, { a: 1 }));
    const missing = freshName('missing');
    for (const query of [{ '#': missing }, { '#': missing, '.': 'k' }, { '#': soul, '.': 'zz' }]) {
      const id = freshId();
      const reply = await peer.get(query, id);
      expect(reply).to.have.all.keys('#', '@');
      await peer.caughtUp();
      expect(peer.repliesTo(id)).to.have.lengthOf(1);
    }
  });

  it('reads the whole node for an empty property', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('ex');
    await peer.put(graphOf(soul, { a: 1, b: 2 }, 3));
    expect((await peer.get({ '#': soul, '.': '' })).put).to.deep.equal(graphOf(soul, { a: 1, b: 2 }, 3));
  });

  it('does not repeat what the reader says it has already', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('ex');
    await peer.put(graphOf(soul, { a: 1 }, 3));
    const first = await peer.get({ '#': soul });
    const id = freshId();
    peer.send({ '#': id, '##': first['##'] ?? 0, get: { '#': soul } });
    await peer.caughtUp();
    expect(peer.repliesTo(id)).to.have.lengthOf(0);
  });

  it('answers once a reader that has something else', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('ex');
    await peer.put(graphOf(soul, { a: 1 }, 3));
    const id = freshId();
    peer.send({ '#': id, '##': 116513, get: { '#': soul, '.': 'a' } });
    expect((await peer.reply(id)).put?.[soul]).to.include({ a: 1 });
    await peer.caughtUp();
    expect(peer.repliesTo(id)).to.have.lengthOf(1);
  });

  it('answers an id once, whoever repeats it', async () => {
    const [peer, other] = await Promise.all([shared.world.raw(shared.relay), shared.world.raw(shared.relay)]);
    const [soul, id] = [freshName('ex'), freshId()];
    await peer.put(graphOf(soul, { a: 1 }, 3));
    await peer.get({ '#': soul }, id);
    for (const reader of [peer, other]) {
      reader.send({ '#': id, get: { '#': soul } });
      await reader.caughtUp();
    }
    expect(peer.repliesTo(id)).to.have.lengthOf(1);
    expect(other.repliesTo(id)).to.have.lengthOf(0);
  });

  it('answers a read without an id', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('ex');
    await peer.put(graphOf(soul, { a: 1 }, 3));
    peer.send({ get: { '#': soul } });
    const reply = await peer.next((message) => message.put !== undefined);
    expect(reply.put).to.deep.equal(graphOf(soul, { a: 1 }, 3));
    expect(reply['@']).to.be.a('string');
  });

  it('answers reads with ids that are names of built-ins', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('ex');
    await peer.put(graphOf(soul, { a: 1 }, 3));
    for (const id of ['__proto__', 'constructor', 'toString']) {
      expect((await peer.get({ '#': soul }, id)).put).to.deep.equal(graphOf(soul, { a: 1 }, 3));
    }
  });

  it('answers a node of many properties once, whole', async () => {
    const peer = await shared.world.raw(shared.relay);
    const [soul, id] = [freshName('many'), freshId()];
    const fields = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`key${at}`, at]));
    await peer.put(graphOf(soul, fields, 3));
    expect((await peer.get({ '#': soul }, id)).put).to.deep.equal(graphOf(soul, fields, 3));
    await peer.caughtUp();
    expect(peer.repliesTo(id)).to.have.lengthOf(1);
  });

  it('answers a node too large for one message in parts that do not overlap', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('huge');
    for (let put = 0; put < 4; put += 1) {
      const fields = Array.from({ length: 50 }, (_, at) => [`key ${put} ${at}`, 'x'.repeat(10_000)] as const);
      await peer.put(graphOf(soul, fields, 3));
    }
    const id = freshId();
    const parts: RawMessage[] = [await peer.get({ '#': soul }, id)];
    while (parts.at(-1)?.['%'] !== undefined) parts.push(await peer.reply(id));
    expect(parts).to.have.length.above(1);
    const keys = parts.flatMap(({ put }) => Object.keys(put?.[soul]?._['>'] ?? {}));
    expect(new Set(keys)).to.have.property('size', 200);
    expect(keys).to.have.lengthOf(200);
    for (const [at, part] of parts.entries()) {
      expect(Object.keys(part.put?.[soul] ?? {})).to.have.lengthOf(
        Object.keys(part.put?.[soul]?._['>'] ?? {}).length + 1,
      );
      // Each part but the last names the message that comes next.
      if (at > 0) expect(part['#']).to.equal(parts[at - 1]?.['%']);
    }
  });

  for (const [what, query] of [
    ['an empty soul', { '#': '' }],
    ['no soul', {}],
    ['a property of no soul', { '.': 'a' }],
    ['a text', 'soul'],
    ['null', null],
    ['a soul that is a number', { '#': 5 }],
    ['a soul that is null', { '#': null }],
    ['a soul that is an array', { '#': ['a'] }],
  ] as const) {
    it(`refuses a read of ${what} with a reason`, async () => {
      const peer = await shared.world.raw(shared.relay);
      const refusal = await peer.get(query);
      expect(refusal.err).to.be.a('string').that.has.length.above(0);
      expect(refusal).to.not.have.property('put');
    });
  }
});
