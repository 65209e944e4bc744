import { inspect } from 'node:util';
import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { authorOf, soulOfAuthor, type AuthorOptions } from '../../../lib/api/author.ts';
import { createGraph } from '../../../lib/api/graph.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import { KeyPair } from '../../../lib/log/key-pair.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import type { Link } from '../../../lib/graph/value.ts';
import { readSignedPut } from '../../../lib/store/signed-put.ts';
import { keyOf, soundLog, useSigningApps } from '../../support/author-apps.ts';
import { statusOf } from '../../support/graphs.ts';
import { hex, verifyFast } from '../../support/log-maker.ts';
import type { RawMessage } from '../../support/raw-peer.ts';
import { ScriptedPeer } from '../../support/scripted-peer.ts';
import { loadVectors } from '../../support/vectors.ts';

interface Vectors {
  readonly topic: string;
  readonly signingKey: string;
  readonly rows: readonly {
    readonly put: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly body: string;
    readonly header: string;
    readonly prune: boolean;
  }[];
}

/** The writes of a put. */
function writesOf(put: Vectors['rows'][0]['put']): ReturnType<typeof writeOf>[] {
  return Object.entries(put).flatMap(([soul, node]) => {
    const { _: meta, ...fields } = node as { readonly _: { readonly '>': Record<string, number> } };
    return Object.entries(fields).map(([key, value]) => writeOf(soul, key, meta['>'][key]!, value as Link));
  });
}

async function codeOf(failing: Promise<unknown>): Promise<string> {
  const error = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(GraphError);
  return (error as GraphError).code;
}

/** Answers every question with "not found", as relays do that keep no logs; gives the puts that came. */
async function putsAfter(peer: ScriptedPeer, heard: readonly RawMessage[]): Promise<RawMessage[]> {
  const puts: RawMessage[] = [];
  for (let news = heard; news.length > 0;) {
    puts.push(...news.filter((message) => message.put !== undefined));
    const asked = news.filter((message) => message['get'] !== undefined);
    news = asked.length === 0 ? [] : await peer.say(...asked.map((get) => ({ '@': get['#']! })));
  }
  return puts;
}

describe('authorOf', () => {
  const app = useSigningApps();

  it('says what the vectors say, byte for byte, in its log and to its peers', async () => {
    const { topic, signingKey, rows } = loadVectors<Vectors>('p2panda/gun-put-operations.json');
    let now = 0;
    const peer = new ScriptedPeer();
    const { graph, author } = await app({
      key: KeyPair.fromText(signingKey),
      topic: hex(topic),
      clock: () => now,
      peers: [peer],
    });
    await peer.connect();
    const told: string[] = [];
    for (const [at, { put, body, header, prune }] of rows.entries()) {
      if (prune) continue;
      now = 1_700_000_000_000 + at / 1000;
      const writes = writesOf(put);
      if (writes.some(({ soul, key }) => soul === '' || key === '')) {
        expect(await codeOf(author.put(writes))).to.equal('GRAPH_BAD_VALUE');
        continue;
      }
      await author.put(writes);
      const [message] = await putsAfter(peer, await peer.heard());
      const op = message!['op'] as { readonly h: string; readonly b: string };
      told.push(toHex(Buffer.from(op.h, 'base64url')));
      expect(message!.put).to.deep.equal(put);
      // One number of the vectors was wrong in their encoder, see delta-codec.spec.ts.
      expect(toHex(Buffer.from(op.b, 'base64url'))).to.equal(
        body.replace('1b0000000000000000', 'fb7e37e43c8800759c'),
      );
      if (!body.includes('1b0000000000000000')) expect(told.at(-1)).to.equal(header);
    }
    expect(told).to.have.lengthOf(3);
    const kept = await author.operations();
    expect(kept.map((operation) => toHex(operation.header))).to.deep.equal(told);
    expect(graph.status.unsent).to.equal(told.length);
  });

  it('signs everything that the graph writes: what one call writes is one operation, nested or not', async () => {
    const { graph, author } = await app();
    await graph.get('mark').put({ name: 'Mark', boss: { name: 'Ann' } });
    const { id } = await graph.get('list').set({ title: 'milk' });
    await graph.get('list').unset(id);
    const { said } = await soundLog(author);
    expect(said[0]).to.deep.equal([
      'mark.boss={"#":"mark/boss"}',
      'mark.name="Mark"',
      'mark/boss.name="Ann"',
    ]);
    expect(said[1]).to.deep.equal([`list.${id}={"#":"${id}"}`, `${id}.title="milk"`]);
    expect(said[2]).to.deep.equal([`list.${id}=null`]);
    expect(await author.height()).to.equal(2);
    expect((await graph.get('mark').get('boss').get('name').once()).value).to.equal('Ann');
  });

  it('gathers what is written within the window, of one property the last value', async () => {
    const { graph, author } = await app({ batch: 100 });
    await Promise.all([
      graph.get('a').put({ x: 1 }),
      graph.get('a').put({ x: 2 }),
      graph.get('b').put({ y: 3 }),
    ]);
    expect((await soundLog(author)).said).to.deep.equal([['a.x=2', 'b.y=3']]);
    expect((await graph.get('a').get('x').once()).value).to.equal(2);
  });

  it('signs with the option `own` what is written by the author, or to the space of the key', async () => {
    const { graph, author } = await app({ signs: 'own' });
    await graph.get('a').put({ plain: 1 });
    await author.node('a').put({ signed: 2 });
    await author.get('profile').put({ name: 'Mark' });
    await graph.node(soulOfAuthor(author.id, 'profile')).put({ city: 'Austin' });
    const { id } = await author.get('list').set({ title: 'milk' });
    const space = `@${author.id}`;
    expect((await soundLog(author)).said).to.deep.equal([
      ['a.signed=2'],
      [`${space}/profile.name="Mark"`],
      [`${space}/profile.city="Austin"`],
      [`${space}/list.${id}={"#":"${id}"}`, `${id}.title="milk"`],
    ]);
    expect(id.startsWith(`${space}/list/`), 'items stay in the space').to.equal(true);
    expect((await graph.get('a').once()).value).to.deep.equal({ plain: 1, signed: 2 });
  });

  it('refuses before it signs what cannot be signed, and goes on', async () => {
    const { graph, author } = await app();
    const cases: [failing: Promise<unknown>, code: string][] = [
      [graph.get('a').put({ x: '\ud800' }), 'GRAPH_BAD_VALUE'],
      [graph.get('a').put({ '\udc00': 1 }), 'GRAPH_BAD_VALUE'],
      [graph.get('\udc00').put({ x: 1 }), 'GRAPH_BAD_VALUE'],
      [graph.get('a').put({ '': 1 }), 'GRAPH_BAD_VALUE'],
      [author.put([writeOf('', 'x', 1, 1)]), 'GRAPH_BAD_VALUE'],
      [author.put([writeOf('a', 'x', Infinity, 1)]), 'GRAPH_BAD_VALUE'],
      [author.put([{ soul: 'a', key: 'x', state: NaN, json: '1' }]), 'GRAPH_BAD_VALUE'],
      [graph.get('a').put({ x: 'x'.repeat(1024 * 1024) }), 'LOG_BODY_TOO_LARGE'],
      [graph.node(soulOfAuthor(keyOf(2).id, 'me')).put({ x: 1 }), 'PUT_REFUSED'],
    ];
    for (const [at, [failing, code]] of cases.entries())
      expect(await codeOf(failing), `${at}`).to.equal(code);
    expect(await author.height()).to.equal(undefined);
    expect((await graph.get('a').once({ timeout: 0 })).found).to.equal(false);
    await graph.get('a').put({ x: 'x'.repeat(1024 * 1024 - 100) });
    expect(await author.height()).to.equal(0);
  });

  it('puts no more into one operation than it can hold', async () => {
    const { graph, author } = await app({ batch: 200 });
    const long = 'x'.repeat(400 * 1024);
    await Promise.all([1, 2, 3].map((key) => graph.get('a').put({ [key]: long })));
    expect((await soundLog(author)).said.map((said) => said.length)).to.deep.equal([2, 1]);
  });

  it('keeps its key in the storage when asked, and shows it to nobody', async () => {
    const kept = new MemoryStorage();
    const first = await app({ kept, key: 'stored' });
    await first.graph.get('a').put({ x: 1 });
    const secret = await kept.getText('a/key');
    expect(secret).to.have.lengthOf(64);
    expect(
      inspect(first.author, { depth: 9, showHidden: true }) + JSON.stringify(first.author),
    ).to.not.contain(secret);
    await first.graph.close();
    const second = await app({ kept, key: 'stored' });
    expect(second.author.id).to.equal(first.author.id);
    await second.graph.get('a').put({ x: 2 });
    expect((await soundLog(second.author)).said).to.deep.equal([['a.x=1'], ['a.x=2']]);
    expect(await codeOf(app({ key: 'stored' })), 'without a storage').to.equal('OPTION_INVALID');
    await second.graph.close();
    await kept.open();
    await kept.commit([['a/key', 'no key']]);
    expect(await codeOf(app({ kept, key: 'stored' }))).to.equal('KEY_INVALID');
  });

  it('takes options as they are documented, and one author for a graph', async () => {
    const bad: Partial<Record<keyof AuthorOptions, unknown>>[] = [
      { key: undefined },
      { key: 'secret' },
      { key: { publicKey: new Uint8Array(3), sign: () => new Uint8Array(64) } },
      { batch: -1 },
      { batch: 1001 },
      { batch: NaN },
      { signs: 'some' },
      { topic: new Uint8Array(31) },
    ];
    const graph = createGraph();
    for (const options of bad) {
      const wrong = authorOf(graph, { key: keyOf(1), ...options } as AuthorOptions);
      expect(await codeOf(wrong), inspect(options)).to.equal('OPTION_INVALID');
    }
    const author = await authorOf(graph, { key: keyOf(1) });
    expect(await codeOf(authorOf(graph, { key: keyOf(2) }))).to.equal('OPTION_INVALID');
    await author.leave();
    await graph.get('a').put({ x: 1 });
    expect(await author.height()).to.equal(undefined);
    await authorOf(graph, { key: keyOf(2) });
    await graph.close();
    expect(await codeOf(authorOf(graph, { key: keyOf(1) }))).to.equal('LIFECYCLE_CLOSED');
  });

  it('gives souls in the space of a key, and no others', () => {
    const { id } = keyOf(3);
    expect(soulOfAuthor(id, 'profile')).to.equal(`@${id}/profile`);
    for (const [author, name] of [
      [id.toUpperCase(), 'x'],
      [id.slice(2), 'x'],
      [id, ''],
    ] as const)
      expect(() => soulOfAuthor(author, name)).to.throw(GraphError);
  });

  it('lets a key that takes its time sign, and tells when it will not', async () => {
    const pair = keyOf(4);
    let isWilling = true;
    const { graph, author } = await app({
      key: {
        publicKey: pair.publicKey,
        sign: async (message) => {
          await new Promise((resolve) => setImmediate(resolve));
          if (!isWilling) throw new Error('not today');
          return pair.sign(message);
        },
      },
    });
    await graph.get('a').put({ x: 1 });
    isWilling = false;
    const refusal = await graph
      .get('a')
      .put({ x: 2 })
      .catch((error: unknown) => error);
    expect((refusal as Error).message).to.equal('not today');
    isWilling = true;
    await graph.get('a').put({ x: 3 });
    expect((await soundLog(author)).said).to.deep.equal([['a.x=1'], ['a.x=3']]);
    expect((await graph.get('a').get('x').once()).value).to.equal(3);
  });

  it('sends the very same operation until a peer has stored it, also after a restart', async () => {
    const kept = new MemoryStorage();
    const peer = new ScriptedPeer();
    const first = await app({ kept, peers: [peer] });
    await peer.connect();
    await first.graph.get('a').put({ x: 1 });
    const [sent] = await putsAfter(peer, await peer.heard());
    await peer.hangUp();
    const again = await putsAfter(peer, await peer.connect());
    expect(again.map(({ put, op }) => ({ put, op }))).to.deep.equal([{ put: sent!.put, op: sent!['op'] }]);
    await first.graph.close();
    const other = new ScriptedPeer();
    const second = await app({ kept, peers: [other] });
    const [last] = await putsAfter(other, await other.connect());
    expect({ put: last!.put, op: last!['op'] }).to.deep.equal({ put: sent!.put, op: sent!['op'] });
    await other.say({ '@': last!['#']!, ok: true });
    expect(second.graph.status.unsent).to.equal(0);
    const read = readSignedPut(last!['op'], [...writesOf(last!.put as never)], verifyFast);
    expect(read.ok).to.equal(true);
    await second.graph.close();
    const third = new ScriptedPeer();
    await app({ kept, peers: [third] });
    expect(await putsAfter(third, await third.connect())).to.deep.equal([]);
  });

  it('tells what a relay refuses, by the write and by the graph', async () => {
    const peer = new ScriptedPeer();
    const { graph, refused } = await app({ peers: [peer] });
    await peer.connect();
    const put = codeOf(graph.get('a').put({ x: 1 }, { until: 'relay' }));
    await statusOf(graph, ({ unsent }) => unsent === 1);
    const [sent] = await putsAfter(peer, await peer.heard());
    await peer.say({ '@': sent!['#']!, err: 'the disk is full, nothing was stored' });
    expect(await put).to.equal('PUT_REFUSED');
    expect(refused).to.deep.equal(['the disk is full, nothing was stored']);
  });
});
