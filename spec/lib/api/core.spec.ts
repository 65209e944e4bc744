import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { createGraph, type Graph, type GraphOptions } from '../../../lib/api/graph.ts';
import { stored } from '../../../lib/api/stored-keeper.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import type { Share } from '../../../lib/base/share.ts';
import type { TextEntry } from '../../../lib/store/storage.ts';
import { codeOf } from '../../support/code-of.ts';
import { graphOf, type RawMessage } from '../../support/raw-peer.ts';
import { ScriptedPeer, settle } from '../../support/scripted-peer.ts';

/** The put that a peer was sent. */
function putOf(said: readonly RawMessage[]): RawMessage {
  return said.find(({ put }) => put !== undefined) ?? expect.fail('no put was sent');
}

/** Acknowledgements of the puts among messages. */
function acks(messages: readonly RawMessage[]): RawMessage[] {
  return messages.filter(({ put }) => put !== undefined).map(({ '#': id }) => ({ '@': id!, ok: true }));
}

/** The first so many messages of what is thrown on its own during some work. */
async function thrownAlone(work: () => Promise<void>, most: number): Promise<string[]> {
  const others = process.rawListeners('uncaughtException') as ((error: Error) => void)[];
  process.removeAllListeners('uncaughtException');
  try {
    const thrown = new Promise<string[]>((resolve) => {
      const messages: string[] = [];
      process.on('uncaughtException', ({ message }) => {
        if (messages.push(message) === most) resolve(messages);
      });
    });
    await work();
    return await thrown;
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const other of others) process.on('uncaughtException', other);
  }
}

describe('GraphCore', () => {
  let graphs: Graph[] = [];
  afterEach(() => Promise.all(graphs.splice(0).map((graph) => graph.close())));

  function open(options: GraphOptions): Graph {
    const graph = createGraph(options);
    graphs.push(graph);
    return graph;
  }

  async function online(count = 1): Promise<{ readonly graph: Graph; readonly peers: ScriptedPeer[] }> {
    const peers = Array.from({ length: count }, (_, at) => new ScriptedPeer(`peer ${at}`));
    const graph = open({ peers });
    for (const peer of peers) await peer.connect();
    return { graph, peers };
  }

  describe('delivery', () => {
    it('is local at once, relay with the first acknowledgement, replicated with all', async () => {
      const { graph, peers } = await online(2);
      const levels: string[] = [];
      for (const until of ['local', 'relay', 'replicated'] as const)
        void graph
          .get('s')
          .put({ x: 1 }, { until })
          .then(({ delivery }) => levels.push(delivery));
      const said = (await peers[0]!.heard()).filter(({ put }) => put !== undefined);
      expect(levels).to.deep.equal(['local']);
      await peers[0]!.say(...acks(said));
      expect(levels).to.deep.equal(['local', 'relay']);
      await peers[1]!.say(...acks(await peers[1]!.heard()));
      expect(levels).to.deep.equal(['local', 'relay', 'replicated']);
      expect(graph.status.unsent).to.equal(0);
    });

    it('says how far it got when the time is up, and rejects with the reason of a signal', async () => {
      const { graph } = await online();
      expect(await graph.get('s').put({ x: 1 }, { until: 'relay', timeout: 5 })).to.deep.equal({
        delivery: 'local',
      });
      const controller = new AbortController();
      const waiting = graph.get('s').put({ x: 2 }, { until: 'relay', signal: controller.signal });
      await settle();
      controller.abort(new Error('enough'));
      expect(await waiting.catch((error: unknown) => (error as Error).message)).to.equal('enough');
      expect(graph.status.unsent).to.equal(2);
    });

    it('is not waited for any longer once the graph is closed, and the write is sent after the next start', async () => {
      const storage = new MemoryStorage();
      const graph = open({ storage: stored(storage), peers: [new ScriptedPeer()] });
      const waiting = graph.get('s').put({ x: 1 }, { until: 'relay' });
      const code = codeOf(waiting);
      await settle();
      await graph.close();
      expect(await code).to.equal('LIFECYCLE_CLOSED');
      const peer = new ScriptedPeer();
      open({ storage: stored(storage), peers: [peer] });
      expect(putOf(await peer.connect()).put).to.have.property('s');
    });

    it('cannot be wished for beyond the peers there are', async () => {
      const { graph } = await online();
      for (const failing of [
        graph.get('s').put({ x: 1 }, { until: 'replicated' }),
        open({}).get('s').put({ x: 1 }, { until: 'relay' }),
      ])
        expect(await failing.catch((error: unknown) => (error as GraphError).code)).to.equal(
          'OPTION_INVALID',
        );
    });

    it('rejects with the reason when peers refuse, and tells listeners who did', async () => {
      const { graph, peers } = await online(2);
      const refused: unknown[] = [];
      graph.on('refused', (event) => refused.push(event));
      const put = graph.get('s').put({ x: 1 }, { until: 'relay' });
      const failing = put.catch((error: unknown) => error);
      await peers[0]!.say({ '@': putOf(await peers[0]!.heard())['#']!, err: 'no' });
      await settle();
      expect(refused).to.deep.equal([{ peer: 'peer 0', reason: 'no' }]);
      await peers[1]!.say({ '@': putOf(await peers[1]!.heard())['#']!, err: 'neither' });
      const error = (await failing) as GraphError;
      expect([error.code, error.message]).to.deep.equal(['PUT_REFUSED', 'what was written is refused: no']);
      expect(graph.status.unsent).to.equal(0);
    });

    it('is enough when one of two peers stores it', async () => {
      const { graph, peers } = await online(2);
      const put = graph.get('s').put({ x: 1 }, { until: 'relay' });
      await peers[0]!.say({ '@': putOf(await peers[0]!.heard())['#']!, err: 'no' });
      await peers[1]!.say({ '@': putOf(await peers[1]!.heard())['#']!, ok: true });
      expect(await put).to.deep.equal({ delivery: 'relay' });
    });
  });

  describe('writes that nobody has', () => {
    it('are sent in their order with the first link, and again with the next until they are acknowledged', async () => {
      const peer = new ScriptedPeer();
      const graph = open({ peers: [peer] });
      for (const x of [1, 2, 3]) await graph.get('s').put({ x });
      expect(graph.status.unsent).to.equal(3);
      const first = await peer.connect();
      expect(first.map(({ put }) => put?.['s']?.['x'])).to.deep.equal([1, 2, 3]);
      await peer.say({ '@': first[1]!['#']!, ok: true });
      await peer.hangUp();
      expect(graph.status.unsent).to.equal(2);
      const second = await peer.connect();
      expect(second.map(({ put }) => put?.['s']?.['x'])).to.deep.equal([1, 3]);
      expect(second[0]!.put).to.deep.equal(first[0]!.put);
      await peer.say(...second.map(({ '#': id }) => ({ '@': id!, ok: true })));
      expect(graph.status.unsent).to.equal(0);
      await peer.hangUp();
      expect(await peer.connect()).to.deep.equal([]);
    });

    it('are sent after a restart, and are part of the graph though only they were kept', async () => {
      const storage = new MemoryStorage();
      const before = createGraph({ storage: stored(storage), peers: [new ScriptedPeer()] });
      await before.get('s').put({ x: 1 });
      await before.close();
      await storage.open();
      await storage.commit([
        ['u/zzz', '{"t":{"_":{"#":"t",">":{"y":5}},"y":2}}'],
        ['u/zzzz', '{"t":1}'],
        ['u/zzzzz', '{"t"'],
      ]);
      await storage.close();
      const peer = new ScriptedPeer();
      const graph = open({ storage: stored(storage), peers: [peer] });
      await graph.ready;
      expect(graph.status.unsent).to.equal(2);
      const said = await peer.connect();
      expect(said.map(({ put }) => Object.keys(put!)[0])).to.deep.equal(['s', 't']);
      expect((await graph.get('t').get('y').once({ timeout: 0 })).value).to.equal(2);
      await peer.say(...said.map(({ '#': id }) => ({ '@': id!, ok: true })));
      await graph.close();
      const again = open({ storage: stored(storage), peers: [new ScriptedPeer()] });
      await again.ready;
      expect(again.status.unsent).to.equal(0);
    });

    it('are sent for another owner of the storage that ended, at once by whoever is online', async () => {
      const listeners: (() => void)[] = [];
      const leave = (): void => {
        for (const listener of listeners) listener();
      };
      const share: Share = {
        exclusive: (task) => task(),
        tell: () => undefined,
        listen: () => undefined,
        onLeft: (listener) => void listeners.push(listener),
        close: () => undefined,
      };
      const storage: MemoryStorage & { share?: Share } = Object.assign(new MemoryStorage(), { share });
      const peer = new ScriptedPeer();
      open({ storage: stored(storage), peers: [peer] });
      await peer.connect();
      await storage.commit([['u/zzz', '{"t":{"_":{"#":"t",">":{"y":5}},"y":2}}']]);
      leave();
      const said = await peer.heard();
      expect(said.map(({ put }) => Object.keys(put!))).to.deep.equal([['t']]);
      leave();
      expect(await peer.heard(), 'what it knows already').to.deep.equal([]);
      await peer.say(...acks(said));
      leave();
      expect(await peer.heard(), 'what was acknowledged').to.deep.equal([]);
    });

    it('are none when they are too long for a frame or cannot be stored', async () => {
      const storage = new MemoryStorage();
      const graph = open({
        storage: stored(storage),
        peers: [new ScriptedPeer()],
        limits: { frameBytes: 1000 },
      });
      expect(await codeOf(graph.get('s').put({ x: 'x'.repeat(1000) }))).to.equal('GRAPH_BAD_VALUE');
      storage.commit = () => Promise.reject(new GraphError('STORAGE_FULL'));
      expect(await codeOf(graph.get('s').put({ x: 1 }))).to.equal('STORAGE_FULL');
      expect(graph.status.unsent).to.equal(0);
    });
  });

  describe('what peers say', () => {
    it('is taken when it was asked for or somebody listens, and else ignored', async () => {
      const { graph, peers } = await online();
      await peers[0]!.say({ '#': 'p1', put: graphOf('unwanted', { x: 1 }) });
      expect((await graph.get('unwanted').once({ timeout: 0 })).found).to.equal(false);
      const stop = graph.get('s').on(() => undefined);
      await peers[0]!.say({ '#': 'p2', put: graphOf('s', { x: 1 }) });
      stop();
      expect((await graph.get('s').once({ timeout: 0 })).value).to.deep.equal({ x: 1 });
      await peers[0]!.say({ '#': 'p3', put: graphOf('s', { x: 2 }) });
      expect((await graph.get('s').once({ timeout: 0 })).value).to.deep.equal({ x: 2 });
    });

    it('is told why it is refused', async () => {
      const { graph, peers } = await online();
      graph.get('s').on(() => undefined);
      const said = await peers[0]!.say({ '#': 'p1', put: graphOf('s', { x: 1 }, Date.now() + 7e8) });
      expect(said.find(({ '@': to }) => to === 'p1')?.err).to.equal('state is too far in the future');
    });

    it('cannot end listening by what listeners throw', async () => {
      const { graph, peers } = await online();
      const errors: unknown[] = [];
      const seen: unknown[] = [];
      const stopErrors = graph.on('error', (error) => errors.push(error));
      graph.get('s').on(({ value }) => {
        seen.push(value);
        throw new Error('listener');
      });
      await peers[0]!.say({ '#': 'p1', put: graphOf('s', { x: 1 }) });
      await peers[0]!.say({ '#': 'p2', put: graphOf('s', { x: 2 }) });
      expect(seen).to.deep.equal([{ x: 1 }, { x: 2 }]);
      expect(errors.map((error) => (error as Error).message)).to.deep.equal(['listener', 'listener']);
      stopErrors();
    });

    it('cannot stop anything by what listeners to errors throw, which is thrown on its own', async () => {
      const { graph, peers } = await online();
      graph.on('error', (error) => {
        throw new Error(`on ${(error as Error).message}`);
      });
      const seen: unknown[] = [];
      graph.get('s').on(({ value }) => {
        seen.push(value);
        throw new Error(`listener ${seen.length}`);
      });
      const thrown = await thrownAlone(async () => {
        await peers[0]!.say({ '#': 'p1', put: graphOf('s', { x: 1 }) });
        await peers[0]!.say({ '#': 'p2', put: graphOf('s', { x: 2 }) });
      }, 2);
      expect(seen).to.deep.equal([{ x: 1 }, { x: 2 }]);
      expect(thrown).to.deep.equal(['on listener 1', 'on listener 2']);
    });

    it('makes a failure that nobody listens to one of the process', async () => {
      const { graph, peers } = await online();
      graph.get('s').on(() => {
        throw new Error('listener');
      });
      const thrown = await thrownAlone(
        () => peers[0]!.say({ '#': 'p1', put: graphOf('s', { x: 1 }) }).then(() => undefined),
        1,
      );
      expect(thrown).to.deep.equal(['listener']);
    });

    it('is answered with what is here', async () => {
      const { graph, peers } = await online();
      await graph.get('s').put({ x: 1 });
      await peers[0]!.heard();
      const [answer] = await peers[0]!.say({ '#': 'g', get: { '#': 's' } });
      expect([answer!['@'], answer!.put?.['s']?.['x']]).to.deep.equal(['g', 1]);
    });

    it('is no failure when the graph is closed before it is answered', async () => {
      const storage = new MemoryStorage();
      const peer = new ScriptedPeer('peer');
      const graph = open({ storage: stored(storage), peers: [peer] });
      const errors: unknown[] = [];
      graph.on('error', (error) => errors.push(error));
      await peer.connect();
      await graph.get('s').put({ x: 1 });
      let goOn!: () => void;
      const held = new Promise<void>((resolve) => (goOn = resolve));
      const range = storage.range.bind(storage);
      storage.range = (options) => {
        const cursor = range(options);
        const next = async (size: number): Promise<TextEntry[]> => {
          await held;
          return cursor.next(size);
        };
        return { next, close: () => cursor.close() };
      };
      const asked = peer.say({ '#': 'g', get: { '#': 's' } });
      await graph.close();
      goOn();
      await asked;
      expect(errors).to.deep.equal([]);
    });
  });
});
