import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { useRelay } from '../support/interop-world.ts';
import { freshId, freshName, graphOf } from '../support/raw-peer.ts';

/** Gun's ids: nine of these, no capital Y. */
const ID = /^[0-9A-XZa-z]{9}$/;

/** The HTTP status that a websocket upgrade of this path is refused with, or 101. */
async function upgradeStatus(port: number, path: string): Promise<number | undefined> {
  const asked = request({
    host: '127.0.0.1',
    port,
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    },
  });
  asked.end();
  const [answer] = (await Promise.race([once(asked, 'upgrade'), once(asked, 'response')])) as [
    IncomingMessage,
  ];
  answer.resume();
  asked.destroy();
  return answer.statusCode;
}

describe('interop: handshake and control messages', function () {
  this.timeout(30_000);
  const shared = useRelay();

  it('asks a new connection who it is, first of all, with its own pid', async () => {
    const peer = await shared.world.raw(shared.relay);
    const hello = await peer.next(() => true);
    expect(hello).to.have.all.keys('#', 'dam', 'pid');
    expect(hello.dam).to.equal('?');
    expect(hello['#']).to.match(ID);
    expect(hello.pid).to.be.a('string').that.has.length.above(0);
    expect(peer.frames.all[0]).to.match(/^\{/);
  });

  it('has one pid for all connections', async () => {
    const peers = await Promise.all([shared.world.raw(shared.relay), shared.world.raw(shared.relay)]);
    const [one, other] = await Promise.all(peers.map((peer) => peer.next(({ dam }) => dam === '?')));
    expect(one?.pid).to.equal(other?.pid);
    expect(one?.['#']).to.not.equal(other?.['#']);
  });

  it('answers who it is, with and without a pid in the question', async () => {
    const peer = await shared.world.raw(shared.relay);
    const { pid } = await peer.next(({ dam }) => dam === '?');
    for (const question of [{ dam: '?' }, { dam: '?', pid: 'somebody' }]) {
      const id = freshId();
      peer.send({ '#': id, ...question });
      const answer = await peer.reply(id);
      expect(answer).to.have.all.keys('#', '@', 'dam', 'pid');
      expect(answer).to.include({ dam: '?', pid });
      expect(answer['#']).to.match(ID);
    }
  });

  it('answers a question without an id', async () => {
    const peer = await shared.world.raw(shared.relay);
    await peer.next(({ dam }) => dam === '?');
    peer.send({ dam: '?', pid: 'somebody' });
    await peer.next((message) => message.dam === '?' && message['@'] !== undefined);
  });

  it('keeps quiet about an answer to its own question and about a question it saw before', async () => {
    const peer = await shared.world.raw(shared.relay);
    const { '#': asked = '' } = await peer.next(({ dam }) => dam === '?');
    const [id, question] = [freshId(), freshId()];
    peer.send({ '#': id, '@': asked, dam: '?', pid: 'somebody' });
    peer.send({ '#': question, dam: '?' });
    peer.send({ '#': question, dam: '?' });
    await peer.caughtUp();
    expect(peer.repliesTo(id)).to.have.lengthOf(0);
    expect(peer.repliesTo(question)).to.have.lengthOf(1);
  });

  it('takes the greeting of browsers and goes on', async () => {
    const peer = await shared.world.raw(shared.relay);
    const id = freshId();
    peer.send({ '#': id, dam: 'hi' });
    await peer.caughtUp();
    expect(peer.repliesTo(id)).to.have.lengthOf(0);
  });

  it('swallows control messages it does not know, and what they carry', async () => {
    const [peer, other] = await Promise.all([shared.world.raw(shared.relay), shared.world.raw(shared.relay)]);
    const soul = freshName('smuggled');
    await other.get({ '#': soul });
    for (const dam of ['rtc', 'nts', 'tag', 'one', 'constructor', '__proto__', 'toString', 'call', '']) {
      peer.send({ '#': freshId(), dam: dam || 'c', put: graphOf(soul, { word: 1 }) });
    }
    await peer.caughtUp();
    expect(await peer.value(soul, 'word')).to.equal(undefined);
    await other.caughtUp();
    expect(other.putsOf(soul)).to.deep.equal([]);
  });

  it('does not dial where a client sends it', async () => {
    const dialled: string[] = [];
    const trap = createServer((socket) => {
      dialled.push('connection');
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(trap, 'listening');
    const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/gun`;
    try {
      const peer = await shared.world.raw(shared.relay);
      peer.send({ '#': freshId(), dam: 'opt', opt: { peers: url } });
      peer.send({ '#': freshId(), dam: 'mob', mob: 1, peers: { [url]: {} } });
      // Ten round trips to the relay take longer than one connection of the relay to the trap.
      for (let turn = 0; turn < 10; turn += 1) await peer.caughtUp();
      expect(dialled).to.deep.equal([]);
    } finally {
      trap.close();
    }
  });

  it('takes upgrades of /gun with any query and origin, and of no other path', async () => {
    const { port } = shared.relay;
    for (const path of ['/gun', '/gun?x=1', '/gun?user=a%20b&c']) {
      expect(await upgradeStatus(port, path), path).to.equal(101);
    }
    for (const path of ['/', '/gunx', '/GUN', '/gun.js', '/a/gun', '/gun/../../gun']) {
      expect(await upgradeStatus(port, path), path).to.be.within(400, 404);
    }
    const socket = new WebSocket(`ws://127.0.0.1:${port}/gun`, { origin: 'https://anywhere.example' });
    await once(socket, 'open');
    socket.close();
    await once(socket, 'close');
  });

  it('ignores binary frames, and texts that are neither an object nor an array', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('ignored');
    const text = JSON.stringify({ '#': freshId(), put: graphOf(soul, { word: 1 }) });
    peer.sendBinary(Buffer.from(text));
    for (const junk of ['', ` ${text}`, 'hello', '"text"', '5', 'null', 'true']) peer.sendText(junk);
    await peer.caughtUp();
    expect(await peer.value(soul, 'word')).to.equal(undefined);
    expect(peer.messages.all.filter(({ dam }) => dam === '!')).to.deep.equal([]);
  });

  it('says that a frame is not JSON, takes nothing of it, and goes on', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('broken');
    const text = JSON.stringify({ '#': freshId(), put: graphOf(soul, { word: 1 }) });
    for (const broken of [
      text.slice(0, -1),
      `${text}x`,
      `[${text},`,
      `${text}${text}`,
      '{word:1}',
      '[{"get":',
    ]) {
      peer.sendText(broken);
      const notice = await peer.next(({ dam }) => dam === '!', `a notice about ${broken}`);
      expect(notice.err).to.equal('DAM JSON parse error.');
    }
    expect(await peer.value(soul, 'word')).to.equal(undefined);
  });

  it('sorts the keys of what it sends', async () => {
    const peer = await shared.world.raw(shared.relay);
    const soul = freshName('sorted');
    await peer.put(graphOf(soul, { b: 1, a: 1, C: 1, ä: 1, aa: 1 }, 3));
    await peer.get({ '#': soul });
    const frame = peer.frames.all.find((text) => text.includes('"put"')) ?? '';
    expect(frame).to.contain(
      `"put":{"${soul}":{"C":1,"_":{"#":"${soul}",">":{"C":3,"a":3,"aa":3,"b":3,"ä":3}},"a":1,`,
    );
    expect(frame).to.match(/^\[?\{"#":"\w{9}","##":-?\d+,"@":"\w+",("FOO":1,)?"put":/);
  });
});
