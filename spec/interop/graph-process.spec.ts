/** Behaviour of graphs over the life of their process. */
import { expect } from 'chai';
import { join } from 'node:path';
import { LogVerifier } from '../../lib/log/log-verifier.ts';
import { RemoteLogs } from '../../relay/remote-logs.ts';
import { startGraphProcess, type GraphProcess } from '../support/graph-process.ts';
import { gathered } from '../support/log-bytes.ts';
import { verifyFast } from '../support/log-maker.ts';
import { InteropWorld } from '../support/interop-world.ts';
import type { RelayProcess } from '../support/relay-process.ts';

describe('interop: the process of an app', function () {
  this.timeout(120_000);
  const world = new InteropWorld();
  let apps: GraphProcess[] = [];
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.kill();
    await world.end();
  });

  function start(task: string, { url }: RelayProcess, folder?: string): GraphProcess {
    const app = startGraphProcess(task, url, folder);
    apps.push(app);
    return app;
  }

  it('does not lose what it wrote offline when it is killed', async () => {
    const relay = await world.relay();
    const folder = join(await world.folder(), 'app');
    await relay.kill();
    const app = start('writeOffline', relay, folder);
    expect(await app.news.next(() => true)).to.equal(2);
    await app.kill();
    const again = await world.relay({ data: relay.data, port: relay.port });
    const next = start('openAgain', again, folder);
    expect(await next.news.next(() => true)).to.equal(true);
    expect(await next.ended).to.equal(0);
    const gun = await world.gun({ peers: [again] });
    expect(await gun.once(['doc', 'written'])).to.equal('before the kill');
    expect(await gun.once(['doc', 'deep', 'too'])).to.equal(true);
    expect(await gun.once(['list', 'one'])).to.equal('one item');
  });

  it('signs one log over any number of kills, of which the relay has every operation that was told as stored', async () => {
    const relay = await world.relay();
    const folder = join(await world.folder(), 'app');
    const told: string[] = [];
    for (let life = 0; life < 3; life += 1) {
      const app = start('signOn', relay, folder);
      for (let count = 0; count < 10 + life; count += 1)
        told.push((await app.news.next(() => true)) as string);
      // The relay is away for a part of the log.
      if (life === 1) await relay.kill();
      await app.kill();
    }
    const again = await world.relay({ data: relay.data, port: relay.port });
    const last = start('signLast', again, folder);
    const [isSent, author, height] = (await last.news.next(() => true)) as [boolean, string, number];
    expect(isSent).to.equal(true);
    expect(await last.ended).to.equal(0);
    const logs = new RemoteLogs({ relay: again.url, token: '' });
    const [head] = await gathered(logs.heads(author));
    expect([head!.height, head!.side]).to.deep.equal([height, undefined]);
    const verifier = new LogVerifier(head!, verifyFast);
    for await (const operation of logs.operations(head!))
      expect(verifier.take(operation)).to.equal(undefined);
    expect(verifier.end()).to.deep.equal([]);
    const gun = await world.gun({ peers: [again] });
    const shown = (await gun.once(['signed'])) as Record<string, unknown>;
    expect(Object.keys(shown)).to.include.members(told);
  });

  it('is not kept alive by a graph without listeners, though its link is open', async () => {
    const app = start('doAndForget', await world.relay());
    expect(await app.news.next(() => true)).to.deep.equal(['relay', 'done']);
    expect(await app.ended).to.equal(0);
  });

  it('is not kept alive by a relay that cannot be reached', async () => {
    const relay = await world.relay();
    await relay.kill();
    const app = start('leaveOffline', relay);
    expect(await app.news.next(() => true)).to.equal(true);
    expect(await app.ended).to.equal(0);
  });

  it('does not grow with the souls it listened to: tens of thousands come and go', async () => {
    const app = start('comeAndGo', await world.relay());
    type News = { readonly souls: number; readonly grownBytes?: number };
    let news: News;
    do news = (await app.news.next(() => true)) as News;
    while (news.grownBytes === undefined);
    expect(news.grownBytes / news.souls).to.be.lessThan(100);
    expect(await app.ended).to.equal(0);
  });
});
