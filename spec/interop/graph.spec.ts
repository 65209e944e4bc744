/** Behaviour of graphs in apps beside the real gun, on its relays and on this project's. */
import { expect } from 'chai';
import { keys } from '../../lib/api/query.ts';
import { foundAt, statusOf, useGraphs } from '../support/graphs.ts';
import { InteropWorld } from '../support/interop-world.ts';
import type { RelayProcess } from '../support/relay-process.ts';

const RELAYS: readonly [
  name: string,
  start: (world: InteropWorld, options?: object) => Promise<RelayProcess>,
][] = [
  ['this relay', (world, options) => world.relay(options)],
  ["gun's own relay", (world, options) => world.realRelay(options)],
];

for (const [name, start] of RELAYS) {
  describe(`interop: graphs in apps on ${name}`, function () {
    this.timeout(60_000);
    const world = new InteropWorld();
    const shared = new InteropWorld();
    const open = useGraphs();
    /** Of those who do not stop it, and keep apart by the names they use. */
    let relay: RelayProcess;

    before(async () => {
      relay = await start(shared);
    });
    afterEach(() => world.end());
    after(() => shared.end());

    it('read what a gun client wrote, and write what it reads', async () => {
      const gun = await world.gun({ peers: [relay] });
      const graph = open([relay]);
      await gun.put(['mark'], { name: 'Mark', born: 1985 });
      const { value, complete } = await graph.get('mark').once();
      expect(value).to.deep.equal({ name: 'Mark', born: 1985 });
      expect(complete).to.equal(true);
      expect(await graph.get('fluffy').put({ says: 'meow' }, { until: 'relay' })).to.deep.equal({
        delivery: 'relay',
      });
      expect(await gun.once(['fluffy', 'says'])).to.equal('meow');
    });

    it('hear each other, graph and gun client, while both listen', async () => {
      const gun = await world.gun({ peers: [relay] });
      const graph = open([relay]);
      const heard = await gun.on(['chat', 'last']);
      const hears = foundAt(graph.get('chat').get('last'), (value) => (value as unknown) === 'from gun');
      await graph.get('chat').put({ last: 'from the graph' }, { until: 'relay' });
      await heard.equals('from the graph');
      await gun.put(['chat', 'last'], 'from gun');
      await hears;
    });

    it('understand the links of a gun client to any depth, and make ones it follows', async () => {
      const gun = await world.gun({ peers: [relay] });
      const graph = open([relay]);
      await gun.put(['ann'], { boss: { name: 'Bob', cat: { name: 'Tom' } } });
      const cat = graph.get('ann').get('boss').get('cat');
      expect((await cat.once()).value).to.deep.equal({ name: 'Tom' });
      await cat.put({ age: 3 }, { until: 'relay' });
      expect(await gun.once(['ann', 'boss', 'cat', 'age'])).to.equal(3);
      await graph.get('eve').put({ home: { city: { name: 'Linz' } } }, { until: 'relay' });
      expect(await gun.once(['eve', 'home', 'city', 'name'])).to.equal('Linz');
    });

    it('share sets with gun clients: both add, both see every item once', async () => {
      const gun = await world.gun({ peers: [relay] });
      const graph = open([relay]);
      const seen: string[] = [];
      const all = new Promise<void>((resolve) => {
        graph
          .get('todos')
          .map()
          .each((value, id) => {
            seen.push(`${id} ${JSON.stringify((value as { readonly title?: string } | undefined)?.title)}`);
            if (new Set(seen).size === 2) resolve();
          });
      });
      const theirs = await gun.map(['todos']);
      const { id } = await graph.get('todos').set({ title: 'from the graph' }, { until: 'relay' });
      const soul = await gun.set(['todos'], { title: 'from gun' });
      await all;
      expect(seen.toSorted()).to.deep.equal([`${id} "from the graph"`, `${soul} "from gun"`].toSorted());
      await theirs.next(({ key }) => key === id);
    });

    it('say that something is missing, once and neither too early nor never', async () => {
      const graph = open([relay]);
      const { found, complete, value } = await graph.get('nobody').once();
      expect([found, complete, value]).to.deep.equal([false, true, undefined]);
      expect(await graph.get('nobody').get('name').once()).to.include({ found: false, complete: true });
    });

    it('ask for the keys of a set that a query means', async () => {
      const gun = await world.gun({ peers: [relay] });
      for (const day of ['2023-12-31', '2024-01-01', '2024-01-02', '2025-01-01'])
        await gun.put(['days', day], day);
      const graph = open([relay]);
      const { value } = await graph.get('days').map(keys().prefix('2024-')).once();
      expect([...value!.keys()].toSorted()).to.deep.equal(['2024-01-01', '2024-01-02']);
    });

    it('never leave what was written offline behind', async () => {
      const lone = await start(world);
      const graph = open([lone]);
      await graph.get('doc').put({ word: 'before' }, { until: 'relay' });
      await lone.kill();
      await statusOf(graph, ({ connection }) => connection === 'offline');
      const puts = ['one', 'two', 'three'].map((key) => graph.get('doc').put({ [key]: key }));
      await Promise.all(puts);
      expect(graph.status.unsent).to.equal(3);
      const again = await start(world, { data: lone.data, port: lone.port });
      expect(await graph.sent({ timeout: 30_000 })).to.equal(true);
      const gun = await world.gun({ peers: [again] });
      expect(await gun.once(['doc'])).to.include({ one: 'one', two: 'two', three: 'three' });
    });

    it('never miss what others wrote while they were away', async () => {
      const lone = await start(world);
      const graph = open([lone]);
      await graph.get('doc').put({ word: 'before' }, { until: 'relay' });
      const hears = foundAt(graph.get('doc').get('word'), (value) => (value as unknown) === 'meanwhile');
      await foundAt(graph.get('doc').get('word'), (value) => (value as unknown) === 'before');
      await lone.stop();
      await statusOf(graph, ({ connection }) => connection === 'offline');
      const again = await start(world, { data: lone.data, port: lone.port });
      const gun = await world.gun({ peers: [again] });
      await gun.put(['doc', 'word'], 'meanwhile');
      await hears;
    });

    it('converge with gun clients after conflicting writes of both', async () => {
      const graphs = [open([relay]), open([relay])];
      const guns = await world.guns(2, relay);
      const heard = await Promise.all(guns.map((gun) => gun.on(['both', 'word'])));
      await Promise.all([
        ...graphs.map((graph, at) =>
          graph.get('both').put({ word: `graph ${at}`, [`g${at}`]: at }, { until: 'relay' }),
        ),
        ...guns.map((gun, at) => gun.put(['both'], { word: `gun ${at}`, [`c${at}`]: at })),
      ]);
      const mark = { end: 'of it' };
      await graphs[0]!.get('both').put(mark, { until: 'relay' });
      const reader = open([relay]);
      const { value } = await reader.get('both').once();
      expect(value).to.include({ g0: 0, g1: 1, c0: 0, c1: 1, ...mark });
      for (const graph of graphs) {
        const same = await foundAt(
          graph.get('both'),
          (node) => JSON.stringify(sorted(node)) === JSON.stringify(sorted(value)),
        );
        expect(sorted(same)).to.deep.equal(sorted(value));
      }
      for (const words of heard) await words.equals((value as { readonly word?: unknown }).word);
    });

    it('have writes that lost or were there already acknowledged', async () => {
      const graph = open([relay]);
      const late = open([relay], { clock: () => Date.now() - 60_000 });
      await graph.get('lost').put({ word: 'newer' }, { until: 'relay' });
      expect(await late.get('lost').put({ word: 'older' }, { until: 'relay' })).to.deep.equal({
        delivery: 'relay',
      });
      expect((await open([relay]).get('lost').get('word').once()).value).to.equal('newer');
    });
  });
}

describe('interop: graphs in apps with two relays', function () {
  this.timeout(60_000);
  const world = new InteropWorld();
  const open = useGraphs();
  afterEach(() => world.end());

  it("write to both, ours and gun's, and show what either has", async () => {
    const [ours, theirs] = [await world.relay(), await world.realRelay()];
    const graph = open([ours, theirs]);
    expect(await graph.get('doc').put({ word: 'for both' }, { until: 'replicated' })).to.deep.equal({
      delivery: 'replicated',
    });
    const guns = [await world.gun({ peers: [ours] }), await world.gun({ peers: [theirs] })];
    for (const gun of guns) expect(await gun.once(['doc', 'word'])).to.equal('for both');
    await guns[0]!.put(['parts', 'one'], 1);
    await guns[1]!.put(['parts', 'two'], 2);
    const reader = open([ours, theirs]);
    await statusOf(reader, ({ peers }) => peers === 2);
    expect(await reader.get('parts').once()).to.deep.include({ value: { one: 1, two: 2 }, complete: true });
  });

  it('send to a relay that was away what it missed, though the other had it', async () => {
    const [first, second] = [await world.relay(), await world.relay()];
    const graph = open([first, second]);
    await second.stop();
    await statusOf(graph, ({ peers }) => peers === 1);
    await graph.get('doc').put({ word: 'meanwhile' }, { until: 'relay' });
    const again = await world.relay({ data: second.data, port: second.port });
    await statusOf(graph, ({ peers }) => peers === 2);
    const gun = await world.gun({ peers: [again] });
    const heard = await gun.on(['doc', 'word']);
    await heard.equals('meanwhile');
  });
});

function sorted(node: unknown): [string, unknown][] {
  return Object.entries((node as object | undefined) ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
