/** Behaviour of relays and an app that signs and whose storage was restored from an old copy. */
import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { quickPeer } from '../support/graphs.ts';
import { soundLog, useSigningApps, type SigningApp } from '../support/author-apps.ts';
import { LogRelays, logLines, type LogRelay } from '../support/log-relays.ts';

describe('an app that lost a part of its log', function () {
  this.timeout(20_000);
  const relays = new LogRelays();
  const open = useSigningApps();
  let relay: LogRelay;
  let app: SigningApp;

  beforeEach(async () => {
    relay = await relays.start();
    const first = await open({ peers: [quickPeer(relay)] });
    for (let at = 0; at < 70; at += 1) await first.graph.get('mark').put({ a: at }, { until: 'relay' });
    await first.graph.close();
    // Another device, or the same without its storage: it knows nothing but the key.
    app = await open({ peers: [quickPeer(relay)], kept: new MemoryStorage() });
    await app.graph.get('mark').put({ b: 1 }, { until: 'relay' });
    expect(await app.author.height()).to.equal(70);
    expect((await app.author.operations()).length).to.be.below(3);
  });

  afterEach(() => relays.end());

  it('takes it back from a relay, so that it can prove all of it', async () => {
    expect(await app.author.recover()).to.equal(true);
    const { ids } = await soundLog(app.author);
    expect(ids).to.have.lengthOf(71);
    expect(await app.author.recover()).to.equal(true);
  });

  it('gives all of it to a relay that has nothing of it', async () => {
    const empty = await relays.start();
    const other = await open({ peers: [quickPeer(relay), quickPeer(empty)], kept: new MemoryStorage() });
    await other.graph.get('mark').put({ c: 1 }, { until: 'replicated' });
    expect([other.errors, other.refused]).to.deep.equal([[], []]);
    expect(await other.author.height()).to.equal(71);
    const all = (await logLines(relay.storage)).filter((line) => line.includes(other.author.id));
    const given = (await logLines(empty.storage)).filter((line) => line.includes(other.author.id));
    expect(all).to.have.lengthOf(72);
    expect(given).to.deep.equal(all);
  });

  it('says that something is missing when no relay can be asked', async () => {
    await relay.relay.close();
    expect(await app.author.recover()).to.equal(false);
  });
});
