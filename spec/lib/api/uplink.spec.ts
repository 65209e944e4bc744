import { expect } from 'chai';
import { Uplink, type UplinkParts } from '../../../lib/api/uplink.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { putJsonOf } from '../../../lib/wire/put-json.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { putTimersOn } from '../../support/code-timers.ts';
import { graphOf, type RawMessage } from '../../support/raw-peer.ts';
import { RecordingLink } from '../../support/recording-link.ts';
import { settle } from '../../support/scripted-peer.ts';

describe('Uplink', () => {
  let link: RecordingLink;
  let uplink: Uplink;
  let taken: { readonly writes: readonly FieldWrite[]; readonly isAnswer: boolean }[];
  let refusal: string | undefined;
  let ends: number;

  beforeEach(() => {
    link = new RecordingLink('peer');
    taken = [];
    refusal = undefined;
    ends = 0;
    const parts: UplinkParts = {
      limits: DEFAULT_LIMITS,
      pid: 'me',
      take: async (writes, isAnswer) => {
        taken.push({ writes, isAnswer });
        return refusal;
      },
      answer: async ({ idJson }) => [`{"#":"answer","@":${idJson}}`],
      closed: () => (ends += 1),
      fail: (error) => expect.fail(String(error)),
    };
    uplink = new Uplink(link, parts);
    uplink.start();
  });

  afterEach(() => link.hangUp());

  async function news(): Promise<RawMessage[]> {
    await settle();
    return link.news();
  }

  /** A write on its way, and what was said of it. */
  function put(soul: string, state = 5): { readonly settled: (string | undefined)[] } {
    const writes = [writeOf(soul, 'k', state, 'v')];
    const settled: (string | undefined)[] = [];
    uplink.put({ putJson: putJsonOf(writes), writes, settled: (why) => void settled.push(why) });
    return { settled };
  }

  function ask(soul: string, hash?: number): boolean[] {
    const answers: boolean[] = [];
    uplink.ask({
      selector: { soul, reverse: false },
      hash,
      answered: (isSilent) => void answers.push(isSilent),
    });
    return answers;
  }

  it('greets as browsers do, and says who it is when asked', async () => {
    expect((await news()).map(({ dam }) => dam)).to.deep.equal(['hi']);
    link.say({ '#': 'q', dam: '?', pid: 'relay' });
    const [hello] = await news();
    expect(hello).to.include({ dam: '?', pid: 'me', '@': 'q' });
    link.say({ '#': 'q2', dam: '?', pid: 'relay', '@': hello!['#'] as string });
    expect(await news()).to.deep.equal([]);
  });

  it('tells the end of an answer when all of it is stored, and of "not found"', async () => {
    const [first, second] = [ask('a'), ask('b')];
    const asked = (await news()).filter(({ get }) => get !== undefined);
    expect(asked.map(({ get }) => get)).to.deep.equal([{ '#': 'a' }, { '#': 'b' }]);
    link.say({ '#': 'r1', '@': asked[0]!['#']!, '%': 'r2', put: graphOf('a', { x: 1 }) });
    await settle();
    expect(first).to.deep.equal([]);
    link.say({ '#': 'r2', '@': asked[0]!['#']!, put: graphOf('a', { y: 1 }) });
    link.say({ '#': 'r3', '@': asked[1]!['#']! });
    await settle();
    expect([first, second]).to.deep.equal([[false], [false]]);
    expect(taken.map(({ writes, isAnswer }) => [writes[0]!.key, isAnswer])).to.deep.equal([
      ['x', true],
      ['y', true],
    ]);
  });

  it('asks with further fields when told so, and tells what is answered beside data', async () => {
    const answers: unknown[] = [];
    uplink.ask({
      selector: { soul: 'a', reverse: false },
      more: ',"op":1',
      answered: (...answer) => void answers.push(answer),
    });
    const asked = (await news()).find(({ get }) => get !== undefined)!;
    expect(asked).to.deep.include({ get: { '#': 'a' }, op: 1 });
    link.say({ '#': 'r', '@': asked['#']!, ok: { log: null } });
    await settle();
    expect(answers).to.deep.equal([[false, '{"log":null}']]);
  });

  it('tells what an acknowledgement says beside being one', async () => {
    const said: unknown[] = [];
    const writes = [writeOf('s', 'k', 5, 'v')];
    uplink.put({ putJson: `${putJsonOf(writes)},"op":7`, writes, settled: (...why) => void said.push(why) });
    const sent = (await news()).find(({ put: data }) => data !== undefined)!;
    expect(sent).to.deep.include({ put: graphOf('s', { k: 'v' }, 5), op: 7 });
    link.say({ '#': 'a', '@': sent['#']!, ok: { log: 'forked' } });
    await settle();
    expect(said).to.deep.equal([[undefined, '{"log":"forked"}']]);
  });

  it('takes what it did not ask for as a change, and says why when that is refused', async () => {
    await news();
    link.say({ '#': 'p1', put: graphOf('s', { x: 1 }) });
    expect(await news()).to.deep.equal([]);
    expect(taken.map(({ isAnswer }) => isAnswer)).to.deep.equal([false]);
    refusal = 'no room';
    link.say({ '#': 'p2', put: graphOf('s', { x: 2 }) });
    const [said] = await news();
    expect(said).to.include({ '@': 'p2', err: 'no room' });
  });

  it('answers what it is asked, and nothing that is no message', async () => {
    await news();
    link.say({ '#': 'g1', get: { '#': 's' } });
    expect(await news()).to.deep.equal([{ '#': 'answer', '@': 'g1' }]);
    for (const text of ['[]', '{}', 'rubbish', '{"put":', '[1,null]', '{"#":"x","dam":"mob"}'])
      link.sayText(text);
    expect(await news()).to.deep.equal([]);
  });

  it('tells that a write is stored, or why not', async () => {
    const [one, two] = [put('a'), put('b')];
    const said = (await news()).filter(({ put: graph }) => graph !== undefined);
    expect(said.map(({ put: graph }) => Object.keys(graph!))).to.deep.equal([['a'], ['b']]);
    link.say(
      { '#': '1', '@': said[0]!['#']!, ok: true },
      { '#': '2', '@': said[1]!['#']!, err: 'Unverified data.' },
    );
    await settle();
    expect([one.settled, two.settled]).to.deep.equal([[undefined], ['Unverified data.']]);
  });

  it('has at most 256 writes and 500 questions open, the others follow', async () => {
    for (let at = 0; at < 300; at += 1) put(`p${at}`);
    for (let at = 0; at < 600; at += 1) ask(`a${at}`);
    const said = await news();
    const puts = said.filter(({ put: graph }) => graph !== undefined);
    const asks = said.filter(({ get }) => get !== undefined);
    expect([puts.length, asks.length]).to.deep.equal([256, 500]);
    link.say(...puts.slice(0, 44).map(({ '#': id }) => ({ '@': id!, ok: true })));
    link.say(...asks.slice(0, 100).map(({ '#': id }) => ({ '@': id! })));
    const more = await news();
    expect(more.filter(({ put: graph }) => graph !== undefined).length).to.equal(44);
    expect(more.filter(({ get }) => get !== undefined).length).to.equal(100);
  });

  it('does not ask what nobody wants to know any more', async () => {
    await news();
    uplink.ask({ selector: { soul: 's', reverse: false }, isOver: () => true, answered: () => undefined });
    expect(await news()).to.deep.equal([]);
  });

  it('ends once, and is silent from then on', async () => {
    uplink.close(1001, 'bye');
    link.hangUp();
    expect([uplink.isClosed, ends, link.closedWith]).to.deep.equal([true, 1, { code: 1001, reason: 'bye' }]);
    put('late');
    expect((await news()).filter(({ put: graph }) => graph !== undefined)).to.deep.equal([]);
  });

  it('sends what is said in one turn in few frames of bounded length', async () => {
    await news();
    const frames: string[] = [];
    const send = link.send.bind(link);
    link.send = (frame) => {
      frames.push(frame.text);
      send(frame);
    };
    put('alone');
    await settle();
    for (let at = 0; at < 50; at += 1) put('s'.repeat(1000));
    put('x'.repeat(2 * DEFAULT_LIMITS.packLength));
    put('last');
    expect(await news()).to.have.length(53);
    expect(frames[0]![0]).to.equal('{');
    expect(frames.map((text) => text.length <= DEFAULT_LIMITS.packLength + 2)).to.deep.equal(
      frames.map((_, at) => at !== frames.length - 2),
    );
    expect(frames.length).to.be.within(10, 20);
  });

  describe('in time', () => {
    let time: FakeClock;
    let restore: () => void;
    const { now } = Date;

    beforeEach(() => {
      time = new FakeClock();
      restore = putTimersOn(time, /\/lib\/api\/uplink\./);
      Date.now = time.clock;
    });

    afterEach(() => {
      restore();
      Date.now = now;
    });

    async function pass(ms: number): Promise<RawMessage[]> {
      for (let passed = 0; passed < ms; passed += 500) {
        time.advance(500);
        await settle();
      }
      return link.news();
    }

    it('leaves no timer behind when it is asked after its link has ended', async () => {
      link.hangUp();
      ask('a');
      put('s');
      await settle();
      expect(time.timerCount).to.equal(0);
    });

    it('takes the silence of a peer that was told what is here for agreement, and any other for silence', async () => {
      const [told, plain] = [ask('a', 123), ask('b')];
      const said = await news();
      expect(said.find(({ get }) => (get as { '#'?: string } | undefined)?.['#'] === 'a')).to.include({
        '##': 123,
      });
      await pass(2000);
      expect([told, plain]).to.deep.equal([[false], []]);
      await pass(8000);
      expect([told, plain]).to.deep.equal([[false], [true]]);
    });

    it('asks a peer that does not acknowledge a write what it has, and is content with the same or newer', async () => {
      for (const state of [5, 6]) {
        const { settled } = put('s', 5);
        await news();
        const [question] = await pass(9500);
        expect(question?.get).to.deep.equal({ '#': 's', '.': 'k' });
        link.say({ '#': `r${state}`, '@': question!['#']!, put: graphOf('s', { k: 'v' }, state) });
        await settle();
        expect(settled).to.deep.equal([undefined]);
      }
    });

    it('asks for the node when there are many properties to ask for', async () => {
      const writes = ['a', 'b', 'c', 'd', 'e'].map((key) => writeOf('s', key, 5, key));
      const settled: unknown[] = [];
      uplink.put({ putJson: putJsonOf(writes), writes, settled: (why) => void settled.push(why) });
      await news();
      const [question, ...others] = await pass(9500);
      expect([question?.get, others]).to.deep.equal([{ '#': 's' }, []]);
      const fields = Object.fromEntries(writes.map(({ key }) => [key, key]));
      link.say({ '#': 'r', '@': question!['#']!, put: graphOf('s', fields, 5) });
      await settle();
      expect(settled).to.deep.equal([undefined]);
    });

    it('sends it again when the peer has nothing, or an older value', async () => {
      const { settled } = put('s', 5);
      const [, first] = await news();
      expect(first?.put).to.have.property('s');
      const [question] = await pass(9500);
      link.say({ '#': 'r1', '@': question!['#']!, put: graphOf('s', { k: 'v' }, 4) });
      const [again] = await news();
      expect(again?.put).to.deep.equal(first?.put);
      const [second] = await pass(9500);
      link.say({ '#': 'r2', '@': second!['#']! });
      const [third] = await news();
      expect(third?.put).to.deep.equal(first?.put);
      expect(settled).to.deep.equal([]);
    });
  });
});
