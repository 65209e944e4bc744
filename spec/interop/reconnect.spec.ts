import { expect } from 'chai';
import { useRelay } from '../support/interop-world.ts';
import { freshId, freshName } from '../support/raw-peer.ts';

describe('interop: offline and back', function () {
  this.timeout(30_000);
  const shared = useRelay();
  const { world } = shared;

  it('tells a client that was away what others wrote to the souls it has open', async () => {
    const { relay } = shared;
    const doc = freshName('doc');
    const other = freshName('other');
    const [alice, bob] = await world.pair(relay);
    const heard = await bob.on([doc, 'word']);
    const node = await bob.on([other]);
    await alice.put([doc, 'word'], 'before');
    await heard.equals('before');
    await bob.disconnect();
    await alice.put([doc, 'word'], 'meanwhile');
    await alice.put([other], { made: 'meanwhile' });
    await bob.connect();
    await heard.equals('meanwhile');
    await node.becomes((value) => (value as { made?: string } | undefined)?.made === 'meanwhile');
    await alice.put([doc, 'word'], 'after');
    await heard.equals('after');
  });

  it('fetches what a client wrote offline to a node it has open, and pushes it to others', async () => {
    const { relay } = shared;
    const doc = freshName('doc');
    const [alice, bob] = await world.pair(relay);
    const mine = await alice.on([doc]);
    const heard = await bob.on([doc, 'word']);
    await bob.put([doc, 'word'], 'before');
    await mine.becomes((node) => (node as { word?: string } | undefined)?.word === 'before');
    await alice.disconnect();
    await alice.write([doc, 'word'], 'offline');
    await alice.connect();
    await heard.equals('offline');
    await alice.end();
    const carl = await world.gun({ peers: [relay] });
    expect(await carl.once([doc, 'word'])).to.equal('offline');
  });

  it('fetches what a client wrote offline to a property it has open', async () => {
    const { relay } = shared;
    const doc = freshName('doc');
    const [alice, bob] = await world.pair(relay);
    const mine = await alice.on([doc, 'word']);
    const heard = await bob.on([doc, 'word']);
    await bob.put([doc, 'word'], 'before');
    await mine.equals('before');
    await alice.disconnect();
    await alice.write([doc, 'word'], 'offline');
    await alice.connect();
    await heard.equals('offline');
  });

  it('fetches it when nobody else is there, for those who come later', async () => {
    const { relay } = shared;
    const doc = freshName('doc');
    const alice = await world.gun({ peers: [relay] });
    const mine = await alice.on([doc]);
    await alice.put([doc, 'word'], 'before');
    await mine.becomes((node) => (node as { word?: string } | undefined)?.word === 'before');
    await alice.disconnect();
    await alice.write([doc, 'word'], 'offline');
    await alice.connect();
    const reader = await world.raw(relay);
    reader.send({ '#': freshId(), get: { '#': doc } });
    // In the answer, or as a push to who asked.
    await reader.next((message) => message.put?.[doc]?.['word'] === 'offline', 'the offline value');
    await alice.end();
    const carl = await world.gun({ peers: [relay] });
    expect(await carl.once([doc, 'word'])).to.equal('offline');
  });

  it('fetches what a client wrote offline to a soul it had only written before', async () => {
    const { relay } = shared;
    const doc = freshName('doc');
    const [alice, bob] = await world.pair(relay);
    const heard = await bob.on([doc, 'word']);
    await alice.put([doc, 'word'], 'before');
    await heard.equals('before');
    await alice.disconnect();
    await alice.write([doc, 'word'], 'offline');
    await alice.connect();
    await heard.equals('offline');
  });

  it('merges what two clients wrote offline to the same node', async () => {
    const { relay } = shared;
    const doc = freshName('doc');
    const [alice, bob] = await world.pair(relay);
    const both = await Promise.all([alice.on([doc]), bob.on([doc])]);
    await alice.put([doc], { start: true });
    for (const heard of both) await heard.becomes((node) => node !== undefined);
    await alice.disconnect();
    await bob.disconnect();
    await alice.write([doc], { fromAlice: 1, word: 'alice' });
    await bob.write([doc], { fromBob: 1, word: 'bob' });
    await alice.connect();
    await bob.connect();
    for (const heard of both) {
      const node = await heard.becomes((value) => {
        const { fromAlice, fromBob, word } = value as Record<string, unknown>;
        return fromAlice === 1 && fromBob === 1 && word === 'bob';
      }, 'what both wrote');
      expect(node).to.deep.equal({ start: true, fromAlice: 1, fromBob: 1, word: 'bob' });
    }
  });

  it('fetches what clients wrote while the relay was away', async () => {
    const relay = await world.relay();
    const [alice, bob] = await world.pair(relay);
    const mine = await alice.on(['doc']);
    const heard = await bob.on(['doc', 'word']);
    await bob.put(['doc', 'word'], 'before');
    await mine.becomes((node) => node !== undefined);
    await relay.kill();
    await Promise.all([alice.disconnected(), bob.disconnected()]);
    await alice.write(['doc', 'word'], 'while it was away');
    await world.relay({ data: relay.data, port: relay.port });
    await Promise.all([alice.connected(), bob.connected()]);
    await heard.equals('while it was away');
  });

  it('fetches what an app on Node wrote offline to a soul it had written before', async () => {
    const { relay } = shared;
    const doc = freshName('doc');
    const app = await world.gun({ peers: [relay], kind: 'node' });
    const bob = await world.gun({ peers: [relay] });
    const heard = await bob.on([doc, 'word']);
    await app.put([doc, 'word'], 'before');
    await heard.equals('before');
    await app.disconnect();
    await app.write([doc, 'word'], 'offline');
    await app.connect();
    await heard.equals('offline');
  });

  it('takes new writes of a client that was away', async () => {
    const { relay } = shared;
    const [alice, bob] = await world.pair(relay);
    const soul = freshName('doc');
    const heard = await bob.on([soul, 'word']);
    for (const word of ['one', 'two', 'three']) {
      await alice.disconnect();
      await alice.connect();
      expect(await alice.put([soul, 'word'], word)).to.deep.equal({ ok: true });
      await heard.equals(word);
    }
  });
});
