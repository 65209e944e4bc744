import { expect } from 'chai';
import { createGraph, type Graph } from '../../../lib/api/graph.ts';
import { graphOf } from '../../support/raw-peer.ts';
import { ScriptedPeer, settle } from '../../support/scripted-peer.ts';

describe('putTo', () => {
  let graph: Graph;
  let peer: ScriptedPeer;
  beforeEach(() => {
    peer = new ScriptedPeer();
    graph = createGraph({ peers: [peer] });
  });
  afterEach(() => graph.close());

  it('asks peers which node a property links to before it writes below it', async () => {
    await peer.connect();
    const put = graph.get('a').put({ b: { x: 1 } });
    const [get] = await peer.heard();
    expect(get?.get).to.deep.equal({ '#': 'a', '.': 'b' });
    const said = await peer.say({
      '#': 'r',
      '@': get!['#']!,
      put: graphOf('a', { b: { '#': 'elsewhere' } }, 5),
    });
    await put;
    const written = said.find((message) => message.put !== undefined)?.put;
    expect(Object.keys(written!)).to.deep.equal(['elsewhere']);
  });

  it('writes parent and children in one message of one state when there is no link', async () => {
    await peer.connect();
    void graph.get('a').put({ b: { x: 1 }, c: 2 });
    const [get] = await peer.heard();
    const said = await peer.say({ '#': 'r', '@': get!['#']! });
    const puts = said.filter((message) => message.put !== undefined);
    expect(puts.length).to.equal(1);
    const nodes = puts[0]!.put!;
    expect(Object.keys(nodes)).to.deep.equal(['a', 'a/b']);
    const states = Object.values(nodes).flatMap(({ _ }) => Object.values(_['>']));
    expect(new Set(states).size).to.equal(1);
  });

  it('does not wait for peers that cannot be reached, nor for what is known', async () => {
    await peer.fail();
    await graph.get('a').put({ b: { x: 1 } });
    expect((await graph.get('a').get('b').get('x').once()).value).to.equal(1);
    await peer.connect();
    let isDone = false;
    void graph
      .get('a')
      .put({ b: { x: 2 } })
      .then(() => (isDone = true));
    await settle();
    expect(isDone).to.equal(true);
  });

  it('does nothing when the signal came before', async () => {
    const signal = AbortSignal.abort('enough');
    const put = graph.get('a').put({ b: 1 }, { signal });
    expect(await put.catch((reason: unknown) => reason)).to.equal('enough');
    expect(graph.status.unsent).to.equal(0);
  });
});
