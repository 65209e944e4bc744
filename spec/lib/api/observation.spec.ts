import { expect } from 'chai';
import { createGraph, type Graph } from '../../../lib/api/graph.ts';
import type { Found } from '../../../lib/api/observation.ts';
import { graphOf } from '../../support/raw-peer.ts';
import { ScriptedPeer, settle } from '../../support/scripted-peer.ts';

describe('observations', () => {
  let graph: Graph;
  let peer: ScriptedPeer;
  let told: Found<unknown>[];
  const hear = (found: Found<unknown>): void => void told.push(found);

  beforeEach(() => {
    peer = new ScriptedPeer();
    graph = createGraph({ peers: [peer] });
    told = [];
  });

  afterEach(() => graph.close());

  it('tell nothing before anything is known, then that there is nothing, then what comes', async () => {
    graph.get('s').on(hear);
    const [get] = await peer.connect();
    expect(told).to.deep.equal([]);
    await peer.say({ '#': 'r', '@': get!['#']! });
    expect(told).to.deep.equal([
      { value: undefined, found: false, complete: true, source: 'local', soul: 's' },
    ]);
    await peer.say({ '#': 'p', put: graphOf('s', { x: 1 }) });
    expect(told[1]).to.deep.equal({
      value: { x: 1 },
      found: true,
      complete: true,
      source: 'peers',
      soul: 's',
    });
  });

  it('tell by `complete`, not by the source, that peers have nothing either', async () => {
    await peer.connect();
    const reading = graph.get('s').get('x').once();
    const [get] = await peer.heard();
    await peer.say({ '#': 'r', '@': get!['#']! });
    const nothing = { value: undefined, found: false, source: 'local', soul: undefined };
    expect(await reading).to.deep.equal({ ...nothing, complete: true });
    await peer.hangUp();
    expect(await graph.get('t').get('x').once({ timeout: 1 })).to.deep.equal({ ...nothing, complete: false });
  });

  it('tell that there is nothing when nobody can be reached', async () => {
    graph.get('s').on(hear);
    await peer.fail();
    expect(told).to.deep.equal([
      { value: undefined, found: false, complete: false, source: 'local', soul: 's' },
    ]);
    await peer.connect();
    await peer.hangUp();
    expect(told.length).to.equal(1);
  });

  it('tell all that changes within a turn once, and nothing when nothing changed', async () => {
    await peer.connect();
    graph.get('s').on(hear);
    await peer.say(
      { '#': 'p1', put: graphOf('s', { x: 1 }, 5) },
      { '#': 'p2', put: graphOf('s', { y: 1 }, 5) },
      { '#': 'p3', put: graphOf('s', { x: 0 }, 4) },
    );
    await peer.say({ '#': 'p4', put: graphOf('s', { x: 1 }, 5) });
    expect(told.at(-1)!.value).to.deep.equal({ x: 1, y: 1 });
    expect(told.length).to.be.at.most(2);
  });

  it('stop when told so, by the function or by the signal, for good', async () => {
    const controller = new AbortController();
    await graph.get('s').put({ x: 1 });
    const stop = graph.get('s').on(hear);
    graph.get('s').on(hear, { signal: controller.signal });
    await settle();
    expect(told.length).to.equal(2);
    stop();
    stop();
    controller.abort();
    graph.get('s').on(hear, { signal: controller.signal });
    await graph.get('s').put({ x: 2 });
    await settle();
    expect(told.length).to.equal(2);
  });

  it('read once what is here when there is no time, and when nobody can be reached', async () => {
    await graph.get('s').put({ x: 1 });
    expect(await graph.get('s').once({ timeout: 0 })).to.deep.include({ value: { x: 1 }, complete: false });
    const reading = graph.get('s').once();
    await peer.fail();
    expect(await reading).to.deep.include({ value: { x: 1 }, complete: false });
  });

  it('stop reading with the reason of a signal', async () => {
    const controller = new AbortController();
    const reading = graph.get('s').once({ signal: controller.signal });
    await settle();
    controller.abort('enough');
    expect(await reading.catch((reason: unknown) => reason)).to.equal('enough');
    expect(peer.isHeld).to.equal(false);
  });
});
