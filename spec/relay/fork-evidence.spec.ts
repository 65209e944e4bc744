/** Behaviour of a relay that is shown evidence of forks, of logs that it may not even hold. */
import { expect } from 'chai';
import { toHex } from '../../lib/base/byte-texts.ts';
import { writeOf } from '../../lib/graph/write.ts';
import type { Operation } from '../../lib/log/operation.ts';
import type { LogFrame } from '../../lib/sync/log-frames.ts';
import { authorOf } from '../support/log-maker.ts';
import { LogNode } from '../support/log-node.ts';
import { GRAPH_TOPIC, graphLines, LogRelays, synced, type LogRelay } from '../support/log-relays.ts';
import { saidBy, signedPut } from '../support/signed-messages.ts';

const write = writeOf('s', 'k', 1, 'one');
const [one, other] = [saidBy(9, undefined, write), saidBy(9, undefined, writeOf('s', 'k', 1, 'two'))];

function evidenceOf(first: Operation, second: Operation): LogFrame {
  return { type: 'fork', session: 0, first: first.header.bytes, second: second.header.bytes };
}

/** Of operations that show that everything before them was taken in; each is by somebody new. */
let author = 100;

/** A node with a session that has nothing to send. */
async function join(relay: LogRelay, number: number): Promise<LogNode> {
  const node = await LogNode.meet(relay.relay.port, authorOf(number));
  await node.join(GRAPH_TOPIC);
  node.give([]);
  await synced(relay);
  return node;
}

/** Resolves when the relay has taken everything in that a node sent before. */
async function settled(...nodes: LogNode[]): Promise<void> {
  for (const node of nodes) {
    author += 1;
    const { header, body } = saidBy(author, undefined, writeOf('settled', `${author}`, 1, 1));
    node.send({ type: 'live', session: 0, header: header.bytes, body });
    await Promise.all(nodes.filter((each) => each !== node).map((each) => each.frame('live')));
  }
}

describe('evidence of a fork', function () {
  this.timeout(10_000);
  const relays = new LogRelays();
  afterEach(() => relays.end());

  it('is kept though no operation is, goes on to all other nodes once, and marks the log', async () => {
    const relay = await relays.start({ forks: 'hide', adminToken: 'secret-token' });
    const [first, second, third] = [await join(relay, 71), await join(relay, 72), await join(relay, 73)];
    first.send(evidenceOf(one, other));
    const [heard] = await Promise.all([second.frame('fork'), third.frame('fork')]);
    const headers = [heard.first, heard.second].map((bytes) => toHex(bytes)).toSorted();
    expect(headers).to.deep.equal([one, other].map(({ header }) => toHex(header.bytes)).toSorted());
    second.send(evidenceOf(other, one));
    third.send(evidenceOf(one, other));
    await settled(first, second, third);
    const late = await join(relay, 74);
    await late.frame('fork');
    await settled(first, second, third, late);
    const counts = [first, second, third, late].map(
      ({ frames }) => frames.all.filter(({ type }) => type === 'fork').length,
    );
    expect(counts).to.deep.equal([0, 1, 1, 1]);

    const client = await relays.client(relay);
    client.send(signedPut('put', one, write));
    expect(await client.reply('put')).to.deep.include({ ok: true });
    expect((await graphLines(relay.storage)).filter((line) => line.includes('one'))).to.deep.equal([]);
    const address = `http://127.0.0.1:${relay.relay.port}/metrics`;
    const text = await (await fetch(address, { headers: { authorization: 'Bearer secret-token' } })).text();
    expect(text).to.include('thicket_log_forks 1\n');
    await Promise.all([first, second, third, late].map((node) => node.close()));
  });

  it('freezes a log of which one branch is held, also after a restart', async () => {
    let relay = await relays.start({ forks: 'freeze' });
    const { storage } = relay;
    const client = await relays.client(relay);
    client.send(signedPut('put', one, write));
    expect(await client.reply('put')).to.deep.include({ ok: true });
    const node = await join(relay, 71);
    node.send(evidenceOf(one, other));
    const watching = await join(relay, 72);
    await watching.frame('fork');
    await relay.relay.close();
    relay = await relays.start({ forks: 'freeze' }, { storage });
    const again = await relays.client(relay);
    const next = writeOf('s', 'next', 1, 1);
    again.send(signedPut('next', saidBy(9, one, next), next));
    expect(await again.reply('next')).to.include({ err: 'the log is forked and takes no more operations' });
    // What it shows of the log tells others that it knows.
    const asking = await LogNode.meet(relay.relay.port, authorOf(75));
    const { tips } = await asking.session(GRAPH_TOPIC);
    expect([...tips.get(toHex(authorOf(9).publicKey))!.values()][0]!.side).to.be.instanceOf(Uint8Array);
    await asking.close();
  });

  it('that is none ends the line with the reason', async () => {
    const relay = await relays.start();
    for (const [first, second] of [
      [one, one],
      [one, saidBy(8, undefined, write)],
      [one, { header: { bytes: other.header.bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte)) } }],
    ] as const) {
      const node = await join(relay, 71);
      node.send(evidenceOf(first, second as Operation));
      expect(await node.frame('error'))
        .to.have.property('code')
        .that.is.oneOf([3, 6, 10]);
      expect((await node.closed)[0]).to.equal(1008);
    }
  });
});
