/** Behaviour of graphs over the life of their process. */
import { expect } from 'chai';
import { join } from 'node:path';
import { startGraphProcess, type GraphProcess } from '../support/graph-process.ts';
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
