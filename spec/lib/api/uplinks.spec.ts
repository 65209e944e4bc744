import { expect } from 'chai';
import { coreOf, createGraph, type Graph } from '../../../lib/api/graph.ts';
import { keys } from '../../../lib/api/query.ts';
import { contentHash } from '../../../lib/wire/content-hash.ts';
import { graphOf, type RawMessage } from '../../support/raw-peer.ts';
import { ScriptedPeer } from '../../support/scripted-peer.ts';

function gets(said: readonly RawMessage[]): unknown[] {
  return said.filter(({ get }) => get !== undefined).map(({ get, '##': hash }) => [get, typeof hash]);
}

describe('Uplinks', () => {
  let graph: Graph;
  let peer: ScriptedPeer;

  beforeEach(() => {
    peer = new ScriptedPeer();
    graph = createGraph({ peers: [peer] });
  });

  afterEach(() => graph.close());

  it('ask for everything that is listened to, once, as soon as there is a link and again with the next', async () => {
    graph.get('node').on(() => undefined);
    graph.get('node').on(() => undefined);
    graph
      .get('root')
      .get('key')
      .on(() => undefined);
    graph
      .get('chat')
      .map(keys().prefix('2024').bytes(99))
      .on(() => undefined);
    graph.get('gone').on(() => undefined)();
    const asked = [
      [{ '#': 'node' }, 'undefined'],
      [{ '#': 'root', '.': 'key' }, 'undefined'],
      [{ '#': 'chat', '%': 99, '.': { '*': '2024' } }, 'undefined'],
    ];
    expect(gets(await peer.connect())).to.deep.equal(asked);
    await peer.hangUp();
    expect(gets(await peer.connect())).to.deep.equal(asked);
  });

  it('say what is here when they ask again, so that nothing is sent twice', async () => {
    graph.get('node').on(() => undefined);
    const [get] = await peer.connect();
    await peer.say({ '#': 'r', '@': get!['#']!, put: graphOf('node', { b: 1, a: 2 }, 5) });
    await peer.hangUp();
    const [again] = await peer.connect();
    const answer = '{"node":{"_":{"#":"node",">":{"a":5,"b":5}},"a":2,"b":1}}';
    expect(again).to.include({ '##': contentHash(answer) });
    const { complete } = await new Promise<{ complete: boolean }>((resolve) => {
      graph.get('node').on(resolve);
    });
    expect(complete).to.equal(false);
  });

  it('send a write by its line, where it has one', async () => {
    const lines: string[] = [];
    const { unsent } = coreOf(graph);
    unsent.line = ({ writes }, uplink) => {
      if (writes[0]!.soul !== 'signed') return uplink;
      return {
        put: (parcel) => {
          lines.push(parcel.putJson);
          uplink.put(parcel);
        },
      };
    };
    await peer.connect();
    await graph.get('plain').put({ x: 1 });
    await graph.get('signed').put({ x: 1 });
    const puts = (await peer.heard()).filter(({ put }) => put !== undefined);
    expect(puts.map(({ put }) => Object.keys(put!))).to.deep.equal([['plain'], ['signed']]);
    expect(lines).to.have.lengthOf(1);
  });

  it('ask every peer, and know when all have answered', async () => {
    const peers = [new ScriptedPeer('a'), new ScriptedPeer('b'), new ScriptedPeer('never there')];
    const other = createGraph({ peers });
    const [first, second] = [await peers[0]!.connect(), await peers[1]!.connect()];
    expect([first, second]).to.deep.equal([[], []]);
    const reading = other.get('s').once();
    const [one] = await peers[0]!.heard();
    const [two] = await peers[1]!.heard();
    let isDone = false;
    void reading.then(() => (isDone = true));
    await peers[0]!.say({ '#': 'r1', '@': one!['#']!, put: graphOf('s', { x: 1 }) });
    expect(isDone).to.equal(false);
    await peers[1]!.say({ '#': 'r2', '@': two!['#']!, put: graphOf('s', { y: 2 }) });
    expect(await reading).to.deep.include({ value: { x: 1, y: 2 }, complete: true, source: 'peers' });
    await other.close();
  });

  it('wait for no peer that has left', async () => {
    const peers = [new ScriptedPeer('a'), new ScriptedPeer('b')];
    const other = createGraph({ peers });
    for (const one of peers) await one.connect();
    const reading = other.get('s').once();
    const [get] = await peers[0]!.heard();
    await peers[0]!.say({ '#': 'r1', '@': get!['#']! });
    await peers[1]!.hangUp();
    expect(await reading).to.include({ found: false, complete: true });
    await other.close();
  });
});
