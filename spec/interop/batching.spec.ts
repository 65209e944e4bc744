import { expect } from 'chai';
import { useRelay } from '../support/interop-world.ts';
import { freshId, freshName, graphOf } from '../support/raw-peer.ts';

describe('interop: batches', function () {
  this.timeout(30_000);
  const shared = useRelay();

  it('answers every message of an array', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('batch');
    const ids = Array.from({ length: 40 }, () => freshId());
    peer.send(ids.map((id, at) => ({ '#': id, put: graphOf(soul, { [`key${at}`]: at }) })));
    for (const ack of await Promise.all(ids.map((id) => peer.reply(id)))) expect(ack.ok).to.equal(true);
    const questions = ids.map((_id, at) => ({ '#': freshId(), get: { '#': soul, '.': `key${at}` } }));
    peer.send(questions);
    const replies = await Promise.all(questions.map(({ '#': id }) => peer.reply(id)));
    expect(replies.map(({ put }, at) => put?.[soul]?.[`key${at}`])).to.deep.equal(ids.map((_id, at) => at));
  });

  it('takes an array of one', async () => {
    const peer = await shared.world.raw(shared.relay);
    const id = freshId();
    peer.send([{ '#': id, put: graphOf(freshName('batch'), { word: 1 }) }]);
    expect((await peer.reply(id)).ok).to.equal(true);
  });

  it('ignores empty arrays and empty objects, which are heartbeats', async () => {
    const peer = await shared.world.raw(shared.relay);
    await peer.next(({ dam }) => dam === '?');
    for (const text of ['[]', '{}', '[]', '[{}]', '[[]]']) peer.sendText(text);
    await peer.get({ '#': freshName('nothing') });
    const answers = peer.messages.all.filter((message) => message['@'] !== undefined || message.dam === '!');
    expect(answers).to.have.lengthOf(1);
  });

  it('takes members that are texts of messages', async () => {
    const peer = await shared.world.raw(shared.relay);
    const [soul, textual, plain] = [freshName('batch'), freshId(), freshId()];
    peer.send([
      JSON.stringify({ '#': textual, put: graphOf(soul, { word: 'textual' }) }),
      { '#': plain, put: graphOf(soul, { other: 'plain' }) },
    ]);
    expect((await peer.reply(textual)).ok).to.equal(true);
    expect((await peer.reply(plain)).ok).to.equal(true);
    expect((await peer.get({ '#': soul })).put?.[soul]).to.include({ word: 'textual', other: 'plain' });
  });

  it('passes over members that are no messages', async () => {
    const peer = await shared.world.raw(shared.relay);
    const nothing = freshName('nothing');
    const ids = Array.from({ length: 3 }, () => freshId());
    const hidden = freshId();
    peer.send([
      null,
      { '#': ids[0], get: { '#': nothing } },
      5,
      'text',
      true,
      [{ '#': hidden, get: { '#': nothing } }],
      { '#': ids[1], get: { '#': nothing } },
      null,
      { '#': ids[2], get: { '#': nothing } },
    ]);
    await Promise.all(ids.map((id) => peer.reply(id)));
    await peer.caughtUp();
    expect(peer.repliesTo(hidden)).to.have.lengthOf(0);
  });

  it('sends the first answer alone and gathers those that follow at once', async () => {
    const peer = await shared.world.raw(shared.relay);
    await peer.next(({ dam }) => dam === '?');
    const ids = Array.from({ length: 20 }, () => freshId());
    peer.send(ids.map((id) => ({ '#': id, get: { '#': freshName('nothing') } })));
    await Promise.all(ids.map((id) => peer.reply(id)));
    const frames = peer.frames.all.filter((text) => text.includes('"@"'));
    expect(frames[0]).to.match(/^\{/);
    expect(frames.slice(1).every((text) => text.startsWith('['))).to.equal(true);
    expect(frames.length).to.be.below(10);
  });
});
