import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { toBase64Url } from '../../../lib/base/byte-texts.ts';
import { decodeHeader } from '../../../lib/log/codec.ts';
import { keyOf, soundLog, useSigningApps, type SigningApp } from '../../support/author-apps.ts';
import type { RawMessage } from '../../support/raw-peer.ts';
import { ScriptedPeer } from '../../support/scripted-peer.ts';

const GAP = 'operations before it are missing';

/** Sequence numbers of the operations in puts. */
function placesOf(messages: readonly RawMessage[]): number[] {
  return messages
    .filter((message) => message.put !== undefined)
    .map((message) => {
      const { h } = message['op'] as { readonly h: string };
      const header = decodeHeader(Buffer.from(h, 'base64url'));
      if (!header.ok) throw new Error(header.reason);
      return header.value.sequence;
    });
}

/** A header as it is shown. */
async function shown(other: SigningApp): Promise<string> {
  await other.graph.get('elsewhere').put({ x: 1 });
  return toBase64Url((await other.author.operations())[0]!.header);
}

describe('AuthorLine', function () {
  this.timeout(20_000);
  const open = useSigningApps();
  let peer: ScriptedPeer;
  let app: SigningApp;

  beforeEach(async () => {
    peer = new ScriptedPeer();
    app = await open({ peers: [peer], kept: new MemoryStorage() });
  });

  async function write(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) await app.graph.get('s').put({ k: at });
  }

  /** The first things that are said over a new link: the question how far the peer has the log. */
  async function question(): Promise<RawMessage> {
    return onlyQuestion(await peer.heard());
  }

  function onlyQuestion(news: readonly RawMessage[]): RawMessage {
    expect(news).to.have.lengthOf(1);
    expect(news[0]!['get']).to.deep.equal({ '#': `@${app.author.id}/` });
    return news[0]!;
  }

  /** An answer by which the peer has everything up to a place. */
  async function upTo(asked: RawMessage, height: number): Promise<RawMessage> {
    const operations = await app.author.operations();
    const { at } = (asked as { readonly op: { readonly at: readonly number[] } }).op;
    const headerAt = (place: number): string | null =>
      operations[place] === undefined || place > height ? null : toBase64Url(operations[place].header);
    return { '@': asked['#']!, ok: { log: { tip: headerAt(height)!, at: at.map(headerAt) } } };
  }

  it('asks first how far the peer has the log, and sends what it lacks, each operation once and in order', async () => {
    await write(4);
    const asked = onlyQuestion(await peer.connect());
    await write(1);
    expect(placesOf(await peer.say(await upTo(asked, 1)))).to.deep.equal([2, 3, 4, 0, 1]);
    await write(1);
    expect(placesOf(await peer.heard())).to.deep.equal([5]);
  });

  it('sends everything as it comes to who keeps no logs', async () => {
    await peer.connect();
    await write(2);
    const asked = await question();
    expect(placesOf(await peer.say({ '@': asked['#']! }))).to.deep.equal([0, 1]);
  });

  it('gives operations that were acknowledged long ago to a peer that has nothing of them', async () => {
    await peer.connect();
    await write(3);
    const asked = await question();
    const sent = await peer.say({ '@': asked['#']!, ok: { log: null } });
    expect(placesOf(sent)).to.deep.equal([0, 1, 2]);
    await peer.say(...sent.map((message) => ({ '@': message['#']!, ok: true })));
    expect(app.graph.status.unsent).to.equal(0);
    await peer.hangUp();
    await peer.connect();
    await write(1);
    const again = await question();
    expect(placesOf(await peer.say({ '@': again['#']!, ok: { log: null } }))).to.deep.equal([0, 1, 2, 3]);
  });

  it('gives many in portions, each when the one before is stored', async () => {
    await write(600);
    let asked = onlyQuestion(await peer.connect());
    let height = -1;
    const portions: number[] = [];
    while (asked !== undefined && portions.length < 9) {
      const answer = height < 0 ? { '@': asked['#']!, ok: { log: null } } : await upTo(asked, height);
      const puts = await peer.say(answer);
      portions.push(puts.length);
      height += puts.length;
      if (height >= 599) break;
      const news = await peer.say(...puts.map((message) => ({ '@': message['#']!, ok: true })));
      asked = news.find((message) => message['get'] !== undefined)!;
    }
    expect(portions[0]).to.equal(256);
    expect(portions.length).to.be.greaterThan(2);
    expect(height).to.be.at.least(599);
  });

  it('asks again when operations before are missing, as when another tab is slower, and not for ever', async () => {
    await peer.connect();
    await write(2);
    const [first, second] = await peer.say({ '@': (await question())['#']! });
    const [asked] = await peer.say({ '@': second!['#']!, err: GAP });
    expect(asked!['op']).to.have.property('log');
    const given = await peer.say({ '@': asked!['#']!, ok: { log: null } });
    expect(placesOf(given)).to.deep.equal([0, 1]);
    expect(app.refused).to.deep.equal([]);
    await peer.say(...[first!, ...given].map((message) => ({ '@': message['#']!, ok: true })));
    expect(app.graph.status.unsent).to.equal(0);
    await write(1);
    let [put] = await peer.heard();
    for (let round = 0; app.refused.length === 0 && round < 9; round += 1) {
      const news = await peer.say({ '@': put!['#']!, err: GAP });
      const get = news.find((message) => message['get'] !== undefined);
      if (get !== undefined) [put] = await peer.say({ '@': get['#']! });
    }
    expect(app.refused).to.deep.equal([GAP]);
  });

  it('goes on behind what a peer shows of its log, and says anew what nobody has', async () => {
    await peer.connect();
    const elsewhere = await open({ kept: new MemoryStorage() });
    for (const name of ['a', 'b', 'c']) await elsewhere.graph.get(name).put({ x: 1 });
    const [, , last] = await elsewhere.author.operations();
    await write(2);
    const asked = await question();
    const tip = toBase64Url(last!.header);
    const early = await peer.say({ '@': asked['#']!, ok: { log: { tip, at: [null, null] } } });
    expect(await app.author.height()).to.equal(4);
    const sent = [...early, ...(await peer.heard())];
    expect(placesOf(sent)).to.deep.equal([3, 4]);
    await peer.say(...sent.map((message) => ({ '@': message['#']!, ok: true })));
    expect(app.graph.status.unsent).to.equal(0);
    expect(app.errors).to.deep.equal([]);
    const { ids } = await soundLog(elsewhere.author);
    const [, first] = await app.author.operations();
    const header = decodeHeader(first!.header);
    expect(header.ok && Buffer.from(header.value.backlink!).toString('hex')).to.equal(ids[2]);
  });

  it('does not believe a peer that shows what the key has not signed', async () => {
    await peer.connect();
    const other = await open({ key: keyOf(2) });
    await other.graph.get('a').put({ x: 1 });
    await write(1);
    const asked = await question();
    const tip = toBase64Url((await other.author.operations())[0]!.header);
    const sent = await peer.say({ '@': asked['#']!, ok: { log: { tip, at: [null] } } });
    expect(placesOf(sent)).to.deep.equal([0]);
    expect(app.errors).to.deep.equal([]);
  });

  it('stops for good, and says so, when the log has two branches', async () => {
    await peer.connect();
    await write(1);
    const [put] = await peer.say({ '@': (await question())['#']! });
    await peer.say({ '@': put!['#']!, ok: true });
    await app.author.height();
    const elsewhere = await open();
    await elsewhere.graph.get('other').put({ x: 1 });
    const tip = toBase64Url((await elsewhere.author.operations())[0]!.header);
    await peer.hangUp();
    await peer.connect();
    await write(1);
    const asked = await question();
    expect(await peer.say({ '@': asked['#']!, ok: { log: { tip, at: [tip, tip] } } })).to.deep.equal([]);
    expect(app.errors).to.have.lengthOf(1);
    expect(app.errors[0]).to.have.property('code', 'LOG_FORKED');
    expect(app.author.fault).to.equal(app.errors[0]);
    const error: unknown = await app.graph
      .get('s')
      .put({ k: 9 })
      .catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'LOG_FORKED');
  });

  /** Says something, which the peer stores as a fork; gives the question that follows. */
  async function forkedAt(): Promise<RawMessage | undefined> {
    const [put] = await peer.heard();
    const [asked] = await peer.say({ '@': put!['#']!, ok: { log: 'forked' } });
    return asked;
  }

  describe('told that the log has two branches', () => {
    beforeEach(async () => {
      await peer.connect();
      await write(1);
      const [put] = await peer.say({ '@': (await question())['#']! });
      const [asked] = await peer.say({ '@': put!['#']!, ok: true });
      expect(asked).to.equal(undefined);
      await write(1);
    });

    it('asks for both headers, and stops for good when they are true', async () => {
      const asked = (await forkedAt())!;
      expect(asked['op']).to.deep.include({ fork: true });
      const own = toBase64Url((await app.author.operations())[0]!.header);
      const other = await shown(await open());
      const { ok } = (await upTo(asked, 1)) as unknown as { readonly ok: { readonly log: object } };
      await peer.say({ '@': asked['#']!, ok: { log: { ...ok.log, fork: [own, other] } } });
      expect(app.errors).to.have.lengthOf(1);
      expect(app.errors[0]).to.have.property('code', 'LOG_FORKED');
      expect(app.author.fault).to.equal(app.errors[0]);
    });

    it('goes on when nothing proves it, asks no more than three times, and asks who comes next', async () => {
      const [own] = (await app.author.operations()).map(({ header }) => toBase64Url(header));
      const other = await shown(await open());
      const forged = other.slice(0, -1) + (other.endsWith('A') ? 'Q' : 'A');
      for (const fork of [[own, own], [own, forged], undefined]) {
        const asked = (await forkedAt())!;
        expect(asked['op']).to.deep.include({ fork: true });
        const { ok } = (await upTo(asked, 1)) as unknown as { readonly ok: { readonly log: object } };
        await peer.say({ '@': asked['#']!, ok: { log: { ...ok.log, fork } } });
        await write(1);
      }
      expect(await forkedAt()).to.equal(undefined);
      await peer.hangUp();
      await peer.connect();
      await write(1);
      const again = await question();
      await peer.say({ '@': again['#']!, ok: { log: null } });
      expect([app.errors, app.refused, app.author.fault]).to.deep.equal([[], [], undefined]);
      await write(1);
      expect(await app.author.height()).to.equal(6);
    });

    it('believes no proof about another key or another log', async () => {
      const first = await open({ key: keyOf(2) });
      const second = await open({ key: keyOf(2) });
      const fork = [await shown(first), await shown(second)];
      const asked = (await forkedAt())!;
      const { ok } = (await upTo(asked, 1)) as unknown as { readonly ok: { readonly log: object } };
      await peer.say({ '@': asked['#']!, ok: { log: { ...ok.log, fork } } });
      await write(1);
      const others = [await open({ network: 'other' }), await open({ network: 'other' })];
      const next = (await forkedAt())!;
      const log = { ...ok.log, fork: [await shown(others[0]!), await shown(others[1]!)] };
      await peer.say({ '@': next['#']!, ok: { log } });
      expect([app.errors, app.author.fault]).to.deep.equal([[], undefined]);
    });
  });

  it('goes on when a peer hides how its log belongs to the own one', async () => {
    await peer.connect();
    await write(2);
    const sent = await peer.say({ '@': (await question())['#']! });
    await peer.say(...sent.map((message) => ({ '@': message['#']!, ok: true })));
    const elsewhere = await open();
    for (const name of ['a', 'b', 'c']) await elsewhere.graph.get(name).put({ x: 1 });
    const tip = toBase64Url((await elsewhere.author.operations())[2]!.header);
    await peer.hangUp();
    await peer.connect();
    await write(1);
    const asked = await question();
    expect(placesOf(await peer.say({ '@': asked['#']!, ok: { log: { tip, at: [] } } }))).to.deep.equal([2]);
    expect([app.errors, app.author.fault]).to.deep.equal([[], undefined]);
  });
});
