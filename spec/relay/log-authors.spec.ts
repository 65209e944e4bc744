/** Behaviour of a relay that holds the logs of as many authors as it may. */
import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import type { Operation } from '../../lib/log/operation.ts';
import { ForkMarks } from '../../lib/store/fork-marks.ts';
import { authorOf } from '../support/log-maker.ts';
import { LogNode } from '../support/log-node.ts';
import { GRAPH_TOPIC, LogRelays, logLines, putsBy, synced } from '../support/log-relays.ts';
import { saidBy, signedPut } from '../support/signed-messages.ts';
import { TextNode } from '../support/text-node.ts';

describe('a relay with no room for more authors', function () {
  this.timeout(10_000);
  const relays = new LogRelays();
  afterEach(() => relays.end());

  it('refuses new ones in puts and leaves them out of sessions, and goes on with those that it knows', async () => {
    const relay = await relays.start({ limits: { logAuthors: 1 }, adminToken: 'secret-token' });
    const [first, second] = [writeOf('s', 'a', 1, 1), writeOf('s', 'b', 1, 1)];
    const known = saidBy(1, undefined, first);
    const client = await relays.client(relay);
    client.send(signedPut('known', known, first));
    expect(await client.reply('known')).to.deep.include({ ok: true });
    client.send(signedPut('new', saidBy(2, undefined, second), second));
    expect(await client.reply('new')).to.include({ err: 'no more authors are kept here' });

    const node = await LogNode.meet(relay.relay.port, authorOf(77));
    await node.join(GRAPH_TOPIC);
    node.give([...putsBy(3, 2), saidBy(1, known, second)]);
    expect(await synced(relay)).to.have.property('taken', 1);
    expect(await logLines(relay.storage)).to.have.lengthOf(2);
    const address = `http://127.0.0.1:${relay.relay.port}/metrics`;
    const text = await (await fetch(address, { headers: { authorization: 'Bearer secret-token' } })).text();
    expect(text).to.include('thicket_log_refused_total{reason="authors"} 3');
    await node.close();
  });

  it('takes so many new ones a day from one address, in puts, sessions and those over texts together, and goes on with those that it knows', async () => {
    const relay = await relays.start({
      addressAuthors: 2,
      trustProxy: ['127.0.0.1'],
      adminToken: 'secret-token',
    });
    const [first, second] = [writeOf('s', 'a', 1, 1), writeOf('s', 'b', 1, 1)];
    const known = saidBy(1, undefined, first);
    const put = async (from: string, operation: Operation, write: FieldWrite): Promise<unknown> => {
      const client = await relays.client(relay, { 'x-forwarded-for': from });
      client.send(signedPut('put', operation, write));
      const { ok, err } = await client.reply('put');
      return err ?? ok;
    };
    expect(await put('192.0.2.7', known, first)).to.equal(true);

    const node = await LogNode.open(relay.relay.port, { headers: { 'x-forwarded-for': '192.0.2.7' } });
    await node.greet();
    await node.session(GRAPH_TOPIC);
    node.send({ type: 'have', session: 0, tips: new Map(), more: false });
    for (const { header, body } of [...putsBy(2, 2), ...putsBy(3, 2), saidBy(1, known, second)])
      node.send({ type: 'operation', session: 0, header: header.bytes, body });
    node.send({ type: 'done', session: 0 });
    expect(await synced(relay)).to.have.property('taken', 3);
    await node.close();

    const browser = await relays.client(relay, { 'x-forwarded-for': '192.0.2.7' });
    const texts = new TextNode(browser);
    await texts.begin(GRAPH_TOPIC);
    texts.say({ type: 'have', session: 0, tips: new Map(), more: false });
    for (const { header, body } of putsBy(5, 1))
      texts.say({ type: 'operation', session: 0, header: header.bytes, body });
    texts.say({ type: 'done', session: 0 });
    expect(await synced(relay)).to.have.property('taken', 0);

    expect(await put('192.0.2.7', saidBy(4, undefined, second), second)).to.match(/^too many new authors/);
    expect(await put('192.0.2.8', saidBy(4, undefined, second), second)).to.equal(true);
    const address = `http://127.0.0.1:${relay.relay.port}/metrics`;
    const text = await (await fetch(address, { headers: { authorization: 'Bearer secret-token' } })).text();
    expect(text).to.include('thicket_log_refused_total{reason="newcomers"} 4');
  });

  it('keeps evidence of so many forks a day from one address whose logs it has not, and of others from another', async () => {
    const relay = await relays.start({ addressForks: 2, trustProxy: ['127.0.0.1'] });
    const bring = async (from: string, authors: readonly number[]): Promise<void> => {
      const node = await LogNode.open(relay.relay.port, { headers: { 'x-forwarded-for': from } });
      await node.greet();
      await node.join(GRAPH_TOPIC);
      for (const author of authors) {
        const [first, second] = ['a', 'b'].map(
          (key) => saidBy(author, undefined, writeOf('s', key, 1, 1)).header.bytes,
        );
        node.send({ type: 'fork', session: 0, first: first!, second: second! });
      }
      node.send({ type: 'done', session: 0 });
      await synced(relay);
      await node.close();
    };
    const known = async (): Promise<number> => {
      const forks = new ForkMarks(relay.storage, undefined);
      await forks.load();
      return forks.size;
    };
    await bring('192.0.2.7', [1, 2, 3]);
    await bring('192.0.2.7', [4]);
    expect(await known()).to.equal(2);
    await bring('192.0.2.8', [4]);
    expect(await known()).to.equal(3);
  });

  it('takes the authors of a relay that it dials', async () => {
    const there = await relays.start();
    const write = writeOf('s', 'a', 1, 1);
    for (const author of [1, 2, 3]) {
      const client = await relays.client(there);
      client.send(signedPut('put', saidBy(author, undefined, write), write));
      expect(await client.reply('put')).to.deep.include({ ok: true });
    }
    const here = await relays.start({ limits: { logAuthors: 1 }, peers: [there.url] });
    await synced(here);
    expect(await logLines(here.storage)).to.have.lengthOf(3);
  });
});
