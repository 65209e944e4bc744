import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { createGraph, type Graph } from '../../../lib/api/graph.ts';
import { stored } from '../../../lib/api/stored-keeper.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import { codeOf } from '../../support/code-of.ts';
import { ScriptedPeer, settle } from '../../support/scripted-peer.ts';

describe('createGraph', () => {
  let graphs: Graph[] = [];
  afterEach(() => Promise.all(graphs.splice(0).map((graph) => graph.close())));

  function open(...args: Parameters<typeof createGraph>): Graph {
    const graph = createGraph(...args);
    graphs.push(graph);
    return graph;
  }

  it('works alone: what is written is there', async () => {
    const graph = open();
    expect(graph.status).to.deep.equal({ connection: 'alone', peers: 0, unsent: 0 });
    expect(await graph.get('mark').put({ name: 'Mark' })).to.deep.equal({ delivery: 'local' });
    expect(await graph.get('mark').once()).to.deep.equal({
      value: { name: 'Mark' },
      found: true,
      complete: true,
      source: 'local',
      soul: 'mark',
    });
  });

  it('keeps what is written in a storage', async () => {
    const storage = new MemoryStorage();
    const first = createGraph({ storage: stored(storage) });
    await first.get('mark').get('cat').put({ name: 'Tom' });
    await first.close();
    const second = open({ storage: stored(storage) });
    expect((await second.get('mark').get('cat').get('name').once()).value).to.equal('Tom');
  });

  it('refuses a storage that nobody wrapped, a peer that is given twice, and an empty soul', async () => {
    expect(await codeOf(() => createGraph({ storage: new MemoryStorage() as never }))).to.equal(
      'OPTION_INVALID',
    );
    const peers = [new ScriptedPeer('same'), new ScriptedPeer('same')];
    expect(await codeOf(() => createGraph({ peers }))).to.equal('OPTION_INVALID');
    expect(await codeOf(() => open().node(''))).to.equal('GRAPH_BAD_VALUE');
  });

  it('is opening, online, offline and online again as its peers are', async () => {
    const peers = [new ScriptedPeer('a'), new ScriptedPeer('b')];
    const graph = open({ peers });
    const seen: string[] = [];
    graph.on('status', ({ connection, peers: count }) => seen.push(`${connection} ${count}`));
    expect(graph.status.connection).to.equal('connecting');
    await peers[0]!.fail();
    expect(graph.status.connection).to.equal('connecting');
    await peers[1]!.fail();
    await peers[0]!.connect();
    await peers[1]!.connect();
    await peers[0]!.hangUp();
    await peers[1]!.hangUp();
    expect(seen).to.deep.equal(['offline 0', 'online 1', 'online 2', 'online 1', 'offline 0']);
  });

  it('says when everything was sent, or that it was not in time', async () => {
    const peer = new ScriptedPeer();
    const graph = open({ peers: [peer] });
    await graph.get('s').put({ x: 1 });
    expect(await graph.sent({ timeout: 5 })).to.equal(false);
    const sent = graph.sent();
    const [put] = await peer.connect();
    await peer.say({ '@': put!['#']!, ok: true });
    expect(await sent).to.equal(true);
    const controller = new AbortController();
    await graph.get('s').put({ x: 2 });
    const waiting = codeOf(graph.sent({ signal: controller.signal }));
    controller.abort('enough');
    expect(await waiting).to.equal('enough');
  });

  it('keeps the process alive while somebody listens or waits, and while peers are being sent writes', async () => {
    const peer = new ScriptedPeer();
    const graph = open({ peers: [peer] });
    await graph.ready;
    expect(peer.isHeld).to.equal(false);
    const stop = graph.get('s').on(() => undefined);
    expect(peer.isHeld).to.equal(true);
    stop();
    expect(peer.isHeld).to.equal(false);
    await peer.connect();
    await graph.get('s').put({ x: 1 });
    expect(peer.isHeld).to.equal(true);
    await peer.hangUp();
    expect([graph.status.unsent, peer.isHeld]).to.deep.equal([1, false]);
  });

  it('ends everything when it is closed', async () => {
    const peer = new ScriptedPeer();
    const graph = createGraph({ peers: [peer] });
    await peer.connect();
    const reading = codeOf(graph.get('s').once());
    const changes = graph.get('s').changes().next();
    let calls = 0;
    graph.get('s').on(() => (calls += 1));
    await settle();
    await graph.close();
    await graph.close();
    expect(await reading).to.equal('LIFECYCLE_CLOSED');
    expect(await changes).to.deep.equal({ value: undefined, done: true });
    expect([calls, peer.isClosed, peer.link.closedWith?.code]).to.deep.equal([0, true, 1001]);
    for (const late of [graph.get('s').put({ x: 1 }), graph.get('s').once(), graph.get('s').map().once()])
      expect(await codeOf(late)).to.equal('LIFECYCLE_CLOSED');
  });

  it('can be disposed of', async () => {
    const peer = new ScriptedPeer();
    {
      await using graph = createGraph({ peers: [peer] });
      await graph.ready;
    }
    expect(peer.isClosed).to.equal(true);
  });

  it('tells why its storage cannot be opened, to listeners and in every call', async () => {
    const storage = new MemoryStorage();
    storage.open = () => Promise.reject(new GraphError('STORAGE_LOCKED'));
    const graph = createGraph({ storage: stored(storage) });
    const errors: unknown[] = [];
    graph.on('error', (error) => errors.push((error as GraphError).code));
    expect(await codeOf(graph.ready)).to.equal('STORAGE_LOCKED');
    expect(await codeOf(graph.get('s').put({ x: 1 }))).to.equal('STORAGE_LOCKED');
    expect(await codeOf(graph.get('s').once())).to.equal('STORAGE_LOCKED');
    await settle();
    expect(errors).to.deep.equal(['STORAGE_LOCKED']);
  });
});
