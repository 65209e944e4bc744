import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import { createRelay, type Relay } from '../../../relay/relay.ts';
import { RemoteLogs } from '../../../relay/remote-logs.ts';
import { bodyOf, gathered } from '../../support/log-bytes.ts';
import { authorOf, operationAfter } from '../../support/log-maker.ts';
import { freshName, graphOf, graphOfWrites, RawPeer, type RawMessage } from '../../support/raw-peer.ts';
import { GUN_LOG, opOf, saidBy, signedPut } from '../../support/signed-messages.ts';

describe('mesh in-band operations', () => {
  let relay: Relay;
  let alice: RawPeer;
  let bob: RawPeer;
  let author = 10;

  before(async () => {
    relay = createRelay({ port: 0, host: '127.0.0.1', logLevel: 'silent' }, { storage: new MemoryStorage() });
    await relay.listen();
    await relay.ready();
    const url = `ws://127.0.0.1:${relay.port}/gun`;
    [alice, bob] = [await RawPeer.open(url, 'alice'), await RawPeer.open(url, 'bob')];
  });

  after(async () => {
    await Promise.all([alice.close(), bob.close()]);
    await relay.close();
  });

  beforeEach(() => {
    author += 1;
  });

  async function send(message: RawMessage): Promise<RawMessage> {
    alice.send(message);
    return alice.reply(message['#']!);
  }

  async function ask(get: RawMessage['get'], op: unknown): Promise<RawMessage> {
    const id = freshName('log');
    bob.send({ '#': id, get, op });
    return bob.reply(id);
  }

  async function heights(): Promise<number[]> {
    const logs = new RemoteLogs({ relay: `http://127.0.0.1:${relay.port}`, token: '' });
    const heads = await gathered(logs.heads(toHex(authorOf(author).publicKey)));
    return heads.map(({ height }) => height);
  }

  it('go into their logs, and on with the put that they came with', async () => {
    const soul = freshName('mark');
    await bob.get({ '#': soul });
    const writes = [writeOf(soul, 'name', 5, 'Mark'), writeOf(soul, 'age', 6, 40)];
    const operation = saidBy(author, undefined, ...writes);
    expect(await send(signedPut('in-1', operation, ...writes))).to.deep.include({ ok: true });
    const pushed = await bob.pushed(soul);
    expect(pushed.put?.[soul]).to.include({ name: 'Mark', age: 40 });
    expect(pushed['op']).to.deep.equal(opOf(operation));
    expect(await heights()).to.deep.equal([0]);
    const [blame] = await relay.past.blame(soul, 'name');
    expect(blame?.said?.id).to.equal(namesOf(operation).id);
  });

  it('go on whole when only a part of them wins, and nobody hears of them twice', async () => {
    const soul = freshName('mark');
    await send({ '#': 'in-2', put: graphOf(soul, { name: 'newer' }, 9) });
    await bob.get({ '#': soul });
    const writes = [writeOf(soul, 'name', 5, 'older'), writeOf(soul, 'age', 6, 40)];
    const operation = saidBy(author, undefined, ...writes);
    await send(signedPut('in-3', operation, ...writes));
    const pushed = await bob.pushed(soul);
    expect(pushed).to.have.nested.property(`put.${soul}.name`, 'older');
    expect(pushed['op']).to.deep.equal(opOf(operation));
    expect(await send(signedPut('in-4', operation, ...writes))).to.deep.include({ ok: true });
    await bob.caughtUp();
    expect(bob.putsOf(soul).filter((message) => message['@'] === undefined)).to.have.lengthOf(1);
    expect(await alice.value(soul, 'name')).to.equal('newer');
  });

  it('are refused with the whole put when one thing is wrong: nothing is stored, nothing passed on', async () => {
    const soul = freshName('mark');
    await bob.get({ '#': soul });
    const write = writeOf(soul, 'name', 5, 'Mark');
    const first = saidBy(author, undefined, write);
    const second = saidBy(author, first, write);
    const elsewhere = operationAfter(authorOf(author), undefined, bodyOf([write]));
    const forged = opOf(first).h.replace(/.(?=.{40}$)/, (letter) => (letter === 'A' ? 'B' : 'A'));
    const cases: [message: RawMessage, reason: RegExp][] = [
      [signedPut('bad-1', first, { ...write, json: '"Eve"' }), /does not say what the put says/],
      [{ ...signedPut('bad-2', first, write), op: { ...opOf(first), h: forged } }, /^op: /],
      [{ ...signedPut('bad-3', first, write), op: 5 }, /^op: must be/],
      [signedPut('bad-4', second, write), /operations before it are missing/],
      [{ '#': 'bad-5', put: graphOfWrites(write), op: opOf(elsewhere) }, /another log or topic/],
    ];
    for (const [message, reason] of cases) expect((await send(message)).err, message['#']).to.match(reason);
    await bob.caughtUp();
    expect(bob.putsOf(soul)).to.deep.equal([]);
    expect(await alice.value(soul, 'name')).to.equal(undefined);
    expect(await heights()).to.deep.equal([]);
  });

  it('alone write souls that belong to their key', async () => {
    const soul = `@${toHex(authorOf(author).publicKey)}/me`;
    const write = writeOf(soul, 'name', 5, 'Mark');
    expect((await send({ '#': freshName('id'), put: graphOfWrites(write) })).err).to.include(
      'belongs to a key',
    );
    const own = saidBy(author, undefined, write);
    expect(await send(signedPut(freshName('id'), own, write))).to.deep.include({ ok: true });
    author += 1;
    const other = { ...write, state: 9 };
    const foreign = await send(signedPut(freshName('id'), saidBy(author, undefined, other), other));
    expect(foreign.err).to.include('belongs to a key');
    expect(await alice.value(soul, 'name')).to.equal('Mark');
    expect(await heights()).to.deep.equal([]);
  });

  it('come before the answer to whoever asks for them, those that the graph shows', async () => {
    const soul = freshName('mark');
    const old = saidBy(author, undefined, writeOf(soul, 'name', 5, 'old'));
    const both = [writeOf(soul, 'name', 6, 'Mark'), writeOf(soul, 'age', 6, 40)];
    const next = saidBy(author, old, ...both);
    const last = saidBy(author, next, writeOf(soul, 'city', 7, 'Austin'));
    await send(signedPut(freshName('id'), old, writeOf(soul, 'name', 5, 'old')));
    await send(signedPut(freshName('id'), next, ...both));
    await send(signedPut(freshName('id'), last, writeOf(soul, 'city', 7, 'Austin')));
    await send({ '#': freshName('id'), put: graphOf(soul, { city: 'Boston' }, 8) });
    bob.send({ '#': 'ask-1', get: { '#': soul }, op: 1 });
    // What nobody signed is in an operation too as soon as the relay has witnessed it.
    const told = [await bob.reply('ask-1')];
    while (told.at(-1)!['op'] !== undefined) told.push(await bob.reply('ask-1'));
    const answer = told.pop()!;
    const others = told.filter(({ put }) => put?.[soul]?.['city'] !== 'Boston');
    expect(others.map(({ op }) => op)).to.deep.equal([opOf(next)]);
    expect(others[0]!.put?.[soul]).to.include({ name: 'Mark', age: 40 });
    expect(answer.put?.[soul]).to.include({ name: 'Mark', city: 'Boston' });
    bob.send({ '#': 'ask-2', get: { '#': soul, '.': 'age' }, op: 1 });
    expect((await bob.reply('ask-2'))['op']).to.deep.equal(opOf(next));
    bob.send({ '#': 'ask-3', get: { '#': soul } });
    expect((await bob.reply('ask-3'))['op']).to.equal(undefined);
    bob.send({ '#': 'ask-4', get: { '#': { '*': soul }, '%': 1000 }, op: 1 });
    expect((await bob.reply('ask-4'))['op']).to.equal(undefined);
    await bob.caughtUp();
    expect(bob.repliesTo('ask-1')).to.have.lengthOf(told.length + 1);
  });

  it('are told up to some bytes, so that a question costs no more than a large read', async () => {
    const soul = freshName('many');
    let last: Operation | undefined;
    for (let at = 0; at < 6; at += 1) {
      const writes = [writeOf(soul, `k${at}`, 5 + at, 'x'.repeat(300_000))];
      last = saidBy(author, last, ...writes);
      await send(signedPut(freshName('id'), last, ...writes));
    }
    const id = freshName('ask');
    bob.send({ '#': id, get: { '#': soul, '.': 'k0' }, op: 1 });
    expect((await bob.reply(id))['op']).to.not.equal(undefined);
    const all = freshName('ask');
    bob.send({ '#': all, get: { '#': soul }, op: 1 });
    while ((await bob.reply(all))['op'] !== undefined);
    expect(bob.repliesTo(all).filter(({ op }) => op !== undefined)).to.have.lengthOf(4);
  });

  it('are behind the answer to how far the log of an author goes: its last header, and those at some places', async () => {
    const soul = freshName('mark');
    const operations: Operation[] = [];
    for (const state of [5, 6, 7]) {
      const write = writeOf(soul, 'name', state, 'Mark');
      operations.push(saidBy(author, operations.at(-1), write));
      await send(signedPut(freshName('id'), operations.at(-1)!, write));
    }
    const space = `@${toHex(authorOf(author).publicKey)}/`;
    const log = toHex(GUN_LOG);
    const { h: tip } = opOf(operations[2]!);
    const answer = await ask({ '#': space }, { log, at: [2, 0, 9] });
    expect(answer['ok']).to.deep.equal({ log: { tip, at: [tip, opOf(operations[0]!).h, null] } });
    expect((await ask({ '#': space }, { log: log.replace(/^./, 'f'), at: [] }))['ok']).to.deep.equal({
      log: null,
    });
    expect((await ask({ '#': 'mark' }, { log, at: [] }))['ok']).to.deep.equal({ log: null });
    const unread = await ask({ '#': freshName('none') }, { log, at: 'all' });
    expect([unread['ok'], unread.put]).to.deep.equal([undefined, undefined]);
  });

  it('are given to whoever asks for those of an author from a place down, as many as fit', async () => {
    const soul = freshName('mark');
    const operations: Operation[] = [];
    const long = 'x'.repeat(100_000);
    for (let state = 1; state <= 70; state += 1) {
      const write = writeOf(soul, 'name', state, state < 4 ? long : state);
      operations.push(saidBy(author, operations.at(-1), write));
      await send(signedPut(freshName('id'), operations.at(-1)!, write));
    }
    const space = `@${toHex(authorOf(author).publicKey)}/`;
    const log = toHex(GUN_LOG);
    async function down(from: number): Promise<unknown> {
      const answer = await ask({ '#': space }, { log, at: [], down: from });
      return (answer['ok'] as { readonly log: { readonly down: unknown } }).log.down;
    }
    const shown = operations.map((operation) => [opOf(operation).h, opOf(operation).b]);
    expect(await down(69)).to.deep.equal(shown.slice(6).toReversed());
    expect(await down(5)).to.deep.equal(shown.slice(1, 6).toReversed());
    expect(await down(0)).to.deep.equal(shown.slice(0, 1));
    expect(await down(70)).to.deep.equal([]);
  });

  it('are acknowledged with a word on it when they make a fork, or follow one', async () => {
    const [one, other] = [writeOf(freshName('a'), 'x', 5, 1), writeOf(freshName('b'), 'x', 5, 1)];
    const [first, second] = [saidBy(author, undefined, one), saidBy(author, undefined, other)];
    expect(await send(signedPut(freshName('id'), first, one))).to.deep.include({ ok: true });
    expect((await send(signedPut(freshName('id'), second, other)))['ok']).to.deep.equal({ log: 'forked' });
    expect(await send(signedPut(freshName('id'), first, one)), 'known').to.deep.include({ ok: true });
    const [space, log] = [`@${toHex(authorOf(author).publicKey)}/`, toHex(GUN_LOG)];
    const headers = [first, second].map((operation) => opOf(operation).h);
    const proven = await ask({ '#': space }, { log, at: [], fork: true });
    const { fork } = (proven['ok'] as { readonly log: { readonly fork: readonly string[] } }).log;
    expect(fork).to.have.members(headers);
    const unasked = await ask({ '#': space }, { log, at: [] });
    expect((unasked['ok'] as { readonly log: object }).log).to.not.have.property('fork');
  });

  it('may be long', async () => {
    const soul = freshName('long');
    const writes = Array.from({ length: 300 }, (_, at) => writeOf(soul, `k${at}`, 5, 'x'.repeat(600)));
    const operation = saidBy(author, undefined, ...writes);
    expect(await send(signedPut(freshName('id'), operation, ...writes))).to.deep.include({ ok: true });
    expect(await heights()).to.deep.equal([0]);
  });
});

describe('mesh in-band operations, where only what is signed is taken', () => {
  it('are taken', async () => {
    const settings = { port: 0, host: '127.0.0.1', logLevel: 'silent', legacy: 'reject' } as const;
    const relay = createRelay(settings, { storage: new MemoryStorage() });
    await relay.listen();
    const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
    const write = writeOf('mark', 'name', 5, 'Mark');
    peer.send({ '#': 'plain-1', put: graphOfWrites(write) });
    expect((await peer.reply('plain-1')).err).to.include('only what is signed');
    peer.send(
      signedPut(
        'signed-1',
        operationAfter(authorOf(1), undefined, bodyOf([write]), { logId: GUN_LOG }),
        write,
      ),
    );
    expect(await peer.reply('signed-1')).to.deep.include({ ok: true });
    await peer.close();
    await relay.close();
  });
});
