/** Behaviour of two relays and an author with one key on two devices, by what is to become of forked logs. */
import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import type { Operation } from '../../lib/log/operation.ts';
import type { RelaySettings } from '../../relay/relay.ts';
import { useSigningApps } from '../support/author-apps.ts';
import { quickPeer } from '../support/graphs.ts';
import { graphLines, logLines, LogRelays, synced, type LogRelay } from '../support/log-relays.ts';
import { NaiveGraph } from '../support/naive-graph.ts';
import { graphOf } from '../support/raw-peer.ts';
import { saidBy, signedPut } from '../support/signed-messages.ts';

const shared = saidBy(1, undefined, writeOf('mark', 'name', 1, 'Mark'));
const onPhone = [writeOf('mark', 'city', 1, 'Austin'), writeOf('ann', 'city', 5, 'Rome')];
const onDesk = [writeOf('mark', 'city', 2, 'Boston')];
const byOthers = [writeOf('ann', 'city', 1, 'Oslo'), writeOf('ann', 'name', 1, 'Ann')];
const everything = [writeOf('mark', 'name', 1, 'Mark'), ...onPhone, ...onDesk, ...byOthers];
const phone = saidBy(1, shared, ...onPhone);
const desk = saidBy(1, shared, ...onDesk);
const other = saidBy(2, undefined, ...byOthers);

function linesOf(writes: readonly FieldWrite[]): string[] {
  return new NaiveGraph().putAll(writes).lines();
}

/** Resolves when the graphs of stores are what they ought to be. */
async function become(expected: readonly FieldWrite[], ...some: LogRelay[]): Promise<void> {
  const lines = linesOf(expected).join('\n');
  for (const { storage } of some) {
    while ((await graphLines(storage)).join('\n') !== lines) await new Promise((next) => setImmediate(next));
  }
}

describe('two devices with one key', function () {
  this.timeout(20_000);
  const relays = new LogRelays();
  const app = useSigningApps();
  afterEach(() => relays.end());

  it('learn from a relay that they fork their log, by the two headers that prove it', async () => {
    const relay = await relays.start({ forks: 'tolerate' });
    const [one, two] = [await app({ peers: [quickPeer(relay)] }), await app({ peers: [quickPeer(relay)] })];
    const failed = new Promise((resolve) => {
      one.graph.on('error', resolve);
    });
    await one.graph.get('mark').put({ a: 1 }, { until: 'relay' });
    await two.graph.get('mark').put({ b: 2 }, { until: 'relay' });
    // The first one does not ask again before it sends, and signs for the place that the second one has taken.
    await one.graph.get('mark').put({ c: 3 }, { until: 'relay' });
    const error = await failed;
    expect(error).to.have.property('code', 'LOG_FORKED');
    expect(one.author.fault).to.equal(error);
    expect(two.author.fault).to.equal(undefined);
  });
});

describe('relays with a forked log', function () {
  this.timeout(20_000);
  const relays = new LogRelays();
  afterEach(() => relays.end());

  async function say(relay: LogRelay, operation: Operation, ...writes: FieldWrite[]): Promise<unknown> {
    const client = await relays.client(relay);
    client.send(signedPut('said', operation, ...writes));
    return client.reply('said');
  }

  /** Two relays that hold one branch each. */
  async function parted(settings: RelaySettings): Promise<readonly [LogRelay, LogRelay]> {
    const [here, there] = [await relays.start(settings), await relays.start(settings)];
    for (const relay of [here, there]) {
      await say(relay, shared, writeOf('mark', 'name', 1, 'Mark'));
      await say(relay, other, ...byOthers);
    }
    await say(here, phone, ...onPhone);
    await say(there, desk, ...onDesk);
    return [here, there];
  }

  async function again({ relay, storage }: LogRelay, settings: RelaySettings): Promise<LogRelay> {
    await relay.close();
    return relays.start(settings, { storage });
  }

  it('that hide come to the graph of the others, serve that, and keep every operation', async () => {
    const parts = await parted({ forks: 'hide' });
    const there = await again(parts[1], { forks: 'hide' });
    const here = await again(parts[0], { forks: 'hide', peers: [there.url] });
    await Promise.all([synced(here), synced(there)]);
    await become(byOthers, here, there);
    expect(await logLines(here.storage)).to.deep.equal(await logLines(there.storage));
    for (const relay of [here, there]) {
      const client = await relays.client(relay);
      expect(await client.value('ann', 'city')).to.equal('Oslo');
      expect(await client.value('mark', 'city')).to.equal(undefined);
      await relay.events.next(({ kind }) => kind === 'log-hidden', 'a hidden log');
    }
    const reader = await relays.client(here);
    await reader.get({ '#': 'mark' });
    const more = saidBy(1, [phone, desk].toSorted(byId)[0], writeOf('mark', 'age', 1, 40));
    expect(await say(here, more, writeOf('mark', 'age', 1, 40))).to.deep.include({ ok: true });
    expect(await (await relays.client(here)).value('mark', 'age')).to.equal(undefined);
    await (await relays.client(here)).put(graphOf('mark', { seen: true }));
    const told = await reader.pushed('mark');
    expect(Object.keys(told.put!['mark']!._['>'])).to.deep.equal(['seen']);
  });

  it('do as they are told when they start with another policy, and back again', async () => {
    const parts = await parted({ forks: 'tolerate' });
    let there = await again(parts[1], { forks: 'tolerate' });
    let here = await again(parts[0], { forks: 'tolerate', peers: [there.url] });
    await Promise.all([synced(here), synced(there)]);
    await become(everything, here, there);
    for (const forks of ['hide', 'freeze', 'hide', 'tolerate'] as const) {
      [here, there] = [await again(here, { forks }), await again(there, { forks })];
      await become(forks === 'hide' ? byOthers : everything, here, there);
    }
  });

  it('that freeze refuse what comes behind the fork, and say so', async () => {
    const parts = await parted({ forks: 'freeze' });
    const there = await again(parts[1], { forks: 'freeze' });
    const here = await again(parts[0], { forks: 'freeze', peers: [there.url] });
    await Promise.all([synced(here), synced(there)]);
    await become(everything, here, there);
    const before = await logLines(here.storage);
    for (const last of [phone, desk]) {
      const write = writeOf('mark', 'age', 1, 40);
      expect(await say(here, saidBy(1, last, write), write)).to.deep.include({
        err: 'the log is forked and takes no more operations',
      });
    }
    expect(await logLines(here.storage)).to.deep.equal(before);
    const write = writeOf('ann', 'age', 1, 50);
    expect(await say(here, saidBy(2, other, write), write)).to.deep.include({ ok: true });
  });

  it('that start over with a store of their own hide what a folder of another policy has', async () => {
    const storage = new MemoryStorage();
    const tolerant = await relays.start({ forks: 'tolerate' }, { storage });
    await say(tolerant, shared, writeOf('mark', 'name', 1, 'Mark'));
    await say(tolerant, phone, ...onPhone);
    await say(tolerant, desk, ...onDesk);
    const hiding = await again(tolerant, { forks: 'hide' });
    await become([], hiding);
  });
});

function byId(a: Operation, b: Operation): number {
  return Buffer.compare(a.header.id, b.header.id);
}
