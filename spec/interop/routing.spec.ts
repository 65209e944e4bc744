import { expect } from 'chai';
import { useRelay } from '../support/interop-world.ts';
import { freshId, freshName, graphOf, type RawPeer } from '../support/raw-peer.ts';

describe('interop: who hears of a write', function () {
  this.timeout(30_000);
  const shared = useRelay();
  let writer: RawPeer;
  let listener: RawPeer;
  let bystander: RawPeer;
  let room: string;

  beforeEach(async () => {
    room = freshName('room');
    [writer, listener, bystander] = (await Promise.all(
      ['writer', 'listener', 'bystander'].map(async (name) => {
        const peer = await shared.world.raw(shared.relay, name);
        const { '#': asked = '' } = await peer.next(({ dam }) => dam === '?');
        peer.send({ '#': freshId(), '@': asked, dam: '?', pid: freshName(name) });
        return peer;
      }),
    )) as [RawPeer, RawPeer, RawPeer];
  });

  /** Lets the peer hear of a later write, so that everything it could have heard before is here. */
  async function hearsMarkAfter(peer: RawPeer): Promise<void> {
    const mark = freshName('mark');
    await peer.get({ '#': mark });
    await (peer === writer ? listener : writer).put(graphOf(mark, { mark: 1 }));
    await peer.pushed(mark);
  }

  it('tells those who read the node, and neither the writer nor a bystander', async () => {
    await writer.put(graphOf(room, { topic: 't0', n: 1 }, 3));
    await listener.get({ '#': room });
    await writer.get({ '#': room });
    await writer.put(graphOf(room, { topic: 't1' }, 4));
    const push = await listener.pushed(room);
    expect(push.put).to.deep.equal(graphOf(room, { topic: 't1' }, 4));
    expect(push['#']).to.be.a('string');
    await hearsMarkAfter(bystander);
    expect(bystander.putsOf(room)).to.deep.equal([]);
    await hearsMarkAfter(writer);
    // The one it read; not its own write, which it knows.
    expect(writer.putsOf(room)).to.have.lengthOf(1);
  });

  it('tells those who read before there was anything', async () => {
    expect((await listener.get({ '#': room })).put).to.equal(undefined);
    await writer.put(graphOf(room, { topic: 't0' }, 3));
    expect((await listener.pushed(room)).put).to.deep.equal(graphOf(room, { topic: 't0' }, 3));
  });

  it('tells those who read one property of that property alone', async () => {
    await listener.get({ '#': room, '.': 'k' });
    await writer.put(graphOf(room, { other: 1 }, 3));
    await writer.put(graphOf(room, { k: 1, z: 2 }, 4));
    expect((await listener.pushed(room)).put).to.deep.equal(graphOf(room, { k: 1 }, 4));
    await hearsMarkAfter(listener);
    expect(listener.putsOf(room)).to.have.lengthOf(1);
  });

  it('tells those who read by LEX of what matches', async () => {
    await listener.get({ '#': room, '.': { '*': 'a' }, '%': 1000 });
    await writer.put(graphOf(room, { a1: 1 }, 3));
    expect((await listener.pushed(room)).put?.[room]).to.include({ a1: 1 });
  });

  it('goes on telling, write after write', async () => {
    await listener.get({ '#': room });
    for (let n = 1; n <= 30; n += 1) {
      await writer.put(graphOf(room, { n }, n));
      expect((await listener.pushed(room)).put?.[room]).to.include({ n });
    }
  });

  it('tells a reader of a property that became null', async () => {
    await writer.put(graphOf(room, { topic: 't0' }, 3));
    await listener.get({ '#': room });
    await writer.put(graphOf(room, { topic: null }, 4));
    expect((await listener.pushed(room)).put).to.deep.equal(graphOf(room, { topic: null }, 4));
  });

  it('tells all souls of one put that a peer reads, and no others', async () => {
    const [one, two, three] = [freshName('one'), freshName('two'), freshName('three')];
    await listener.get({ '#': one });
    await listener.get({ '#': three });
    await writer.put({
      ...graphOf(one, { a: 1 }, 3),
      ...graphOf(two, { b: 2 }, 3),
      ...graphOf(three, { c: 3 }, 3),
    });
    await listener.messages.until(
      () => (listener.putsOf(one).length > 0 && listener.putsOf(three).length > 0) || undefined,
      'both souls',
    );
    await hearsMarkAfter(listener);
    expect(listener.putsOf(two)).to.deep.equal([]);
  });

  it('tells a reader even if the writer lists it among those who know already', async () => {
    const pid = freshName('hidden');
    const hidden = await shared.world.raw(shared.relay, 'hidden');
    hidden.send({ '#': freshId(), dam: '?', pid });
    await hidden.get({ '#': room });
    writer.send({ '#': freshId(), '><': pid, put: graphOf(room, { topic: 't1' }, 4) });
    expect((await hidden.pushed(room)).put).to.deep.equal(graphOf(room, { topic: 't1' }, 4));
  });

  it('asks a client that came back what it does not know, brings the answer to who asked, and keeps it', async () => {
    const pid = freshName('pid');
    const introduced = async (): Promise<RawPeer> => {
      const peer = await shared.world.raw(shared.relay, 'returning');
      const { '#': asked = '' } = await peer.next(({ dam }) => dam === '?');
      peer.send({ '#': freshId(), '@': asked, dam: '?', pid });
      await peer.caughtUp();
      return peer;
    };
    const isAsked = ({ get }: { get?: unknown }): boolean =>
      (get as { '#'?: string } | undefined)?.['#'] === room;
    await (await introduced()).close();
    const back = await introduced();
    writer.send({ '#': freshId(), get: { '#': room } });
    const asked = await back.next(isAsked);
    back.send({ '#': freshId(), '@': asked['#'] ?? '', put: graphOf(room, { topic: 'known' }, 3) });
    const heard = await writer.next((message) => message.put?.[room] !== undefined);
    expect(heard.put).to.deep.equal(graphOf(room, { topic: 'known' }, 3));
    expect(await bystander.value(room, 'topic')).to.equal('known');
    // Whoever has not been here before is not bothered.
    await hearsMarkAfter(listener);
    expect(listener.messages.all.filter(isAsked)).to.deep.equal([]);
  });

  it('gives the writer one ack, from the relay, whatever listeners say', async () => {
    await listener.get({ '#': room });
    const id = freshId();
    writer.send({ '#': id, put: graphOf(room, { topic: 't1' }, 4), ok: { '@': 9, '/': 1 } });
    const push = await listener.pushed(room);
    for (const ok of [true, false, 1]) listener.send({ '#': freshId(), '@': push['#'] ?? '', ok });
    listener.send({ '#': freshId(), '@': push['#'] ?? '', err: 'not for you' });
    await writer.reply(id);
    await listener.caughtUp();
    await writer.caughtUp();
    expect(writer.repliesTo(id).map(({ ok, err }) => ({ ok, err }))).to.deep.equal([
      { ok: true, err: undefined },
    ]);
  });

  it('drops acks that answer nothing', async () => {
    const id = freshId();
    writer.send({ '#': freshId(), '@': id, ok: true });
    writer.send({ '#': freshId(), '@': id, ok: { rtc: { offer: 1 } } });
    await writer.caughtUp();
    for (const peer of [listener, bystander]) {
      await peer.caughtUp();
      expect(peer.repliesTo(id)).to.deep.equal([]);
    }
  });

  it('forgets readers that left', async () => {
    await listener.get({ '#': room });
    await listener.close();
    expect((await writer.put(graphOf(room, { topic: 't1' }, 4))).ok).to.equal(true);
    expect(await bystander.value(room, 'topic')).to.equal('t1');
  });
});
