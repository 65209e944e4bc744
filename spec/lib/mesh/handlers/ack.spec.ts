import { expect } from 'chai';
import { bridge, get, meshWorlds, put } from '../../../support/mesh-world.ts';
import type { RawMessage } from '../../../support/raw-peer.ts';
import type { RecordingLink } from '../../../support/recording-link.ts';

const ROOM = '/RTC/room<?99';

/** Messages that carry data under a room. */
function pushIn(messages: readonly RawMessage[]): RawMessage {
  return messages.find((message) => message.put?.[ROOM] !== undefined) ?? {};
}

describe('mesh/handlers/ack', () => {
  const newWorld = meshWorlds();

  async function announce(wantsAnswers = true): Promise<{
    readonly world: Awaited<ReturnType<typeof newWorld>>;
    readonly caller: RecordingLink;
    readonly callee: RecordingLink;
    readonly third: RecordingLink;
    /** Id under which the callee heard of the call. */
    readonly id: string;
  }> {
    const world = await newWorld();
    const [caller, callee, third] = [
      await world.client('caller'),
      await world.client('callee'),
      await world.client('third'),
    ];
    await world.ask(callee, get('r1', ROOM, '+'));
    await world.ask(third, get('r2', ROOM, '+'));
    const call = put('call', ROOM, { '+': 'caller' });
    await world.ask(caller, wantsAnswers ? { ...call, ok: { '@': 56, '/': 1 } } : call);
    const { '#': id = '' } = pushIn(callee.news());
    third.news();
    return { world, caller, callee, third, id };
  }

  it('carries offers, answers and candidates along the path of the call', async () => {
    const { world, caller, callee, third, id } = await announce();
    const offer = { rtc: { id: 'callee', offer: { type: 'offer', sdp: 'x' } } };
    expect(await world.ask(callee, { '#': 'offer', '@': id, ok: offer })).to.deep.equal([]);
    expect(caller.news()).to.deep.equal([{ '#': 'offer', '@': 'call', ok: offer }]);
    const answer = { rtc: { id: 'caller', answer: { type: 'answer', sdp: 'y' } } };
    await world.ask(caller, { '#': 'answer', '@': 'offer', ok: answer });
    expect(callee.news()).to.deep.equal([{ '#': 'answer', '@': 'offer', ok: answer }]);
    for (const candidate of ['c1', 'c2']) {
      const ok = { rtc: { id: 'callee', candidate } };
      await world.ask(callee, { '#': candidate, '@': id, ok });
      expect(caller.news()).to.deep.equal([{ '#': candidate, '@': 'call', ok }]);
    }
    expect(third.news()).to.deep.equal([]);
  });

  it('ends the acknowledgements of others here', async () => {
    const { world, caller, callee, id } = await announce();
    for (const ok of [true, false, 1, 'ok', null, [1]]) {
      expect(await world.ask(callee, { '#': `a-${String(ok)}`, '@': id, ok })).to.deep.equal([]);
    }
    await world.ask(callee, { '#': 'e', '@': id, err: 'no' }, { '#': 'n', '@': id });
    expect(caller.news()).to.deep.equal([]);
  });

  it('carries nothing back to a writer that listens for no answers', async () => {
    const { world, caller, callee, id } = await announce(false);
    await world.ask(callee, { '#': 'offer', '@': id, ok: { rtc: 1 } });
    expect(caller.news()).to.deep.equal([]);
  });

  it('drops answers to what nobody said, and to what the answering peer said itself', async () => {
    const { world, caller, callee, third, id } = await announce();
    await world.ask(callee, { '#': 'a1', '@': 'nothing', ok: { rtc: 1 } });
    await world.ask(caller, { '#': 'a2', '@': id, ok: { rtc: 1 } });
    await world.ask(callee, { '#': 'a3', '@': { deep: 'x'.repeat(300) } as never, ok: { rtc: 1 } });
    for (const link of [caller, callee, third]) expect(link.news()).to.deep.equal([]);
  });

  it('drops answers to a caller that is gone', async () => {
    const { world, caller, callee, id } = await announce();
    caller.hangUp();
    expect(await world.ask(callee, { '#': 'offer', '@': id, ok: { rtc: 1 } })).to.deep.equal([]);
    expect(caller.news()).to.deep.equal([]);
  });

  it('keeps the ids of the caller, whatever their type', async () => {
    const world = await newWorld();
    const [caller, callee] = [await world.client('caller'), await world.client('callee')];
    await world.ask(callee, get('r1', ROOM));
    await world.ask(caller, { ...put('', ROOM, { '+': 'x' }), '#': 5 as never, ok: {} });
    const { '#': id = '' } = pushIn(callee.news());
    await world.ask(callee, { '#': 7 as never, '@': id, ok: { rtc: 1 } });
    expect(caller.news()).to.deep.equal([{ '#': 7, '@': 5, ok: { rtc: 1 } }]);
  });

  it('lets nobody take over the answers to a call by answering under its id', async () => {
    const { world, caller, callee, third, id } = await announce();
    const { '#': thirdId = id } = pushIn(third.heard);
    await world.ask(third, { '#': thirdId, '@': thirdId, ok: { rtc: 'mine' } });
    caller.news();
    await world.ask(callee, { '#': 'offer', '@': id, ok: { rtc: 'offer' } });
    expect(third.news()).to.deep.equal([]);
    expect(caller.news()).to.deep.equal([{ '#': 'offer', '@': 'call', ok: { rtc: 'offer' } }]);
  });

  it('carries answers over several relays', async () => {
    const [one, two] = [await newWorld({ pid: 'one' }), await newWorld({ pid: 'two' })];
    bridge(one, two);
    const [caller, callee] = [await one.client('caller'), await two.client('callee')];
    await two.ask(callee, get('r1', ROOM));
    await one.ask(caller, { ...put('call', ROOM, { '+': 'caller' }), ok: {} });
    const { '#': id = '' } = pushIn(callee.news());
    caller.news();
    await two.ask(callee, { '#': 'offer', '@': id, ok: { rtc: 'offer' } });
    expect(caller.news()).to.deep.equal([{ '#': 'offer', '@': 'call', ok: { rtc: 'offer' } }]);
    await one.ask(caller, { '#': 'answer', '@': 'offer', ok: { rtc: 'answer' } });
    expect(callee.news()).to.deep.equal([{ '#': 'answer', '@': 'offer', ok: { rtc: 'answer' } }]);
  });

  it('ends an ask when a relay says "not found"', async () => {
    const world = await newWorld();
    const relay = await world.dialledRelay();
    const ann = await world.client();
    ann.say(get('r1', 'soul'));
    await world.settle();
    expect(ann.news().filter((message) => message['@'] === 'r1')).to.deep.equal([]);
    await world.ask(relay, { '#': 'n1', '@': 'r1' });
    expect(ann.news().filter((message) => message['@'] === 'r1')).to.have.lengthOf(1);
  });
});
