import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { toHex } from '../../lib/base/byte-texts.ts';
import { writeOf } from '../../lib/graph/write.ts';
import { LogVerifier } from '../../lib/log/log-verifier.ts';
import { RemoteLogs } from '../../relay/remote-logs.ts';
import type { Change } from '../../lib/store/storage.ts';
import { useSigningApps } from '../support/author-apps.ts';
import { quickPeer } from '../support/graphs.ts';
import { InteropWorld } from '../support/interop-world.ts';
import { gathered } from '../support/log-bytes.ts';
import { authorOf, verifyFast } from '../support/log-maker.ts';
import { saidBy, signedPut } from '../support/signed-messages.ts';

const COMMAND = fileURLToPath(new URL('../../relay/bin.js', import.meta.url));

/** What the command says of who wrote a property. */
async function blame(relay: string, soul: string, key: string): Promise<string> {
  const args = [COMMAND, 'log', 'blame', soul, key, '--relay', relay.replace(/\/gun$/, ''), '--json'];
  return (await promisify(execFile)(process.execPath, args)).stdout;
}

/** All that a storage holds, as a backup has it. */
async function entriesOf(storage: MemoryStorage): Promise<Change[]> {
  const cursor = storage.range({ from: '', to: '\u{10ffff}' });
  const keys = (await cursor.next(10_000)).map(([key]) => key);
  await cursor.close();
  return Promise.all(keys.map(async (key): Promise<Change> => [key, await storage.getBytes(key)]));
}

describe("interop: signed puts with gun's own relay in the middle", function () {
  this.timeout(30_000);
  const world = new InteropWorld();
  const app = useSigningApps();
  afterEach(() => world.end());

  it('arrive with their operations, in the same log, and gun clients see plain data', async () => {
    const real = await world.realRelay({ axe: false });
    const [here, there] = [
      await world.relay({ peers: [real.url] }),
      await world.relay({ peers: [real.url] }),
    ];
    await world.linked(here, there);
    const [writer, gun] = [await world.raw(here), await world.gun({ peers: [real] })];
    const heard = await gun.on(['mark', 'name']);
    const first = [writeOf('mark', 'name', Date.now(), 'Mark')];
    const second = [
      writeOf('mark', 'name', Date.now() + 1, 'Mark II'),
      writeOf('mark', 'age', Date.now(), 40),
    ];
    const one = saidBy(1, undefined, ...first);
    writer.send(signedPut('one', one, ...first));
    expect(await writer.reply('one')).to.deep.include({ ok: true });
    await heard.equals('Mark');
    writer.send(signedPut('two', saidBy(1, one, ...second), ...second));
    expect(await writer.reply('two')).to.deep.include({ ok: true });
    await heard.equals('Mark II');
    const logs = new RemoteLogs({ relay: there.url, token: '' });
    const author = toHex(authorOf(1).publicKey);
    let [head] = await gathered(logs.heads(author));
    while (head?.height !== 1) [head] = await gathered(logs.heads(author));
    const verifier = new LogVerifier(head, verifyFast);
    for await (const operation of logs.operations(head)) expect(verifier.take(operation)).to.equal(undefined);
    expect(verifier.end()).to.deep.equal([]);
    const reader = await world.raw(there);
    expect(await reader.value('mark', 'name')).to.equal('Mark II');
  });

  it('are written by apps: the next relay knows who said what, and gun clients see plain data', async () => {
    const real = await world.realRelay({ axe: false });
    const there = await world.relay({ peers: [real.url] });
    const gun = await world.gun({ peers: [real] });
    const heard = await gun.on(['mark', 'city']);
    const { graph, author, errors, refused } = await app({
      peers: [quickPeer(real)],
      kept: new MemoryStorage(),
    });
    await graph.get('mark').put({ city: 'Austin', boss: { name: 'Ann' } }, { until: 'relay' });
    await heard.equals('Austin');
    await graph.get('mark').put({ city: 'Boston' }, { until: 'relay' });
    await heard.equals('Boston');
    const logs = new RemoteLogs({ relay: there.url, token: '' });
    let [head] = await gathered(logs.heads(author.id));
    while (head?.height !== 1) [head] = await gathered(logs.heads(author.id));
    const verifier = new LogVerifier(head, verifyFast);
    for await (const operation of logs.operations(head)) expect(verifier.take(operation)).to.equal(undefined);
    expect(verifier.end()).to.deep.equal([]);
    const blamed = await blame(there.url, 'mark', 'city');
    expect(blamed).to.include('"Boston"').and.to.include(author.id);
    expect([errors, refused]).to.deep.equal([[], []]);
    expect(await gun.once(['mark', 'boss', 'name'])).to.equal('Ann');
  });

  it('of an app whose storage was restored go on behind what the relay has, and fork nothing', async () => {
    const relay = await world.relay();
    const [kept, backup] = [new MemoryStorage(), new MemoryStorage()];
    const first = await app({ peers: [quickPeer(relay)], kept });
    await first.graph.get('mark').put({ a: 1 }, { until: 'relay' });
    const copied = await entriesOf(kept);
    await first.graph.get('mark').put({ b: 2 }, { until: 'relay' });
    await first.graph.get('mark').put({ c: 3 }, { until: 'relay' });
    await first.graph.close();
    await backup.open();
    await backup.commit(copied);
    const offline = await app({ kept: backup });
    await offline.graph.get('mark').put({ d: 4 });
    expect(await offline.author.height()).to.equal(1);
    await offline.graph.close();
    const restored = await app({ kept: backup, peers: [quickPeer(relay)] });
    await restored.graph.get('mark').put({ e: 5 }, { until: 'relay' });
    expect(await restored.author.height()).to.equal(4);
    expect([restored.errors, restored.refused]).to.deep.equal([[], []]);
    const logs = new RemoteLogs({ relay: relay.url, token: '' });
    const [head] = await gathered(logs.heads(restored.author.id));
    expect([head!.height, head!.side]).to.deep.equal([4, undefined]);
    const reader = await world.raw(relay);
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['d', 4],
      ['e', 5],
    ] as const)
      expect(await reader.value('mark', key)).to.equal(value);
  });

  it('arrive as plain data where it passes on what was asked for, in messages of its own', async () => {
    const real = await world.realRelay();
    const here = await world.relay({ peers: [real.url] });
    const [writer, gun] = [await world.raw(here), await world.gun({ peers: [real] })];
    const heard = await gun.on(['mark', 'name']);
    const write = writeOf('mark', 'name', Date.now(), 'Mark');
    writer.send(signedPut('one', saidBy(1, undefined, write), write));
    expect(await writer.reply('one')).to.deep.include({ ok: true });
    await heard.equals('Mark');
  });
});
