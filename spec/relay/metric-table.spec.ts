import { expect } from 'chai';
import { METRIC_TABLE, type MetricSources, type Sample } from '../../relay/metric-table.ts';
import { get, put } from '../support/mesh-world.ts';
import { metricWorlds } from './metric-world.ts';

/** The samples of one metric, as `label=value` texts with their numbers. */
async function samples(name: string, sources: MetricSources): Promise<Record<string, number>> {
  const row = METRIC_TABLE.find((each) => each.name === name);
  if (row === undefined) throw new Error(`no metric ${name}`);
  const found: readonly Sample[] = await row.read(sources);
  return Object.fromEntries(found.map(([labels, value]) => [Object.values(labels).join(' '), value]));
}

describe('relay metric table', () => {
  const newWorld = metricWorlds();

  it('names each metric once, counters by their total', () => {
    const names = METRIC_TABLE.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const { name, type, help } of METRIC_TABLE) {
      expect(name).to.match(/^thicket_[a-z_]+$/);
      expect(name.endsWith('_total'), name).to.equal(type === 'counter');
      expect(help).to.match(/\.$/);
    }
  });

  it('has the same labels whatever strangers say', async () => {
    const { world, sources } = await newWorld();
    const labelsOf = async (): Promise<unknown[]> => {
      const all: unknown[] = [];
      for (const { read } of METRIC_TABLE) all.push((await read(sources)).map(([labels]) => labels));
      return all;
    };
    const before = await labelsOf();
    const ann = await world.client('ann', '__proto__');
    ann.sayText('{"');
    ann.say({ '#': 'w1', put: 5 as never }, { '#': 'r1', get: 5 }, { '#': 'c1', dam: 'constructor' });
    await world.settle();
    expect(await labelsOf()).to.deep.equal(before);
  });

  it('counts messages by kind and verdict, and refusals by reason', async () => {
    const { world, sources } = await newWorld();
    const ann = await world.client();
    const write = put('w1', 's', { k: 1 });
    ann.say(write, write, { '#': 'w2', put: 5 as never });
    await world.settle();
    expect(await samples('thicket_messages_total', sources)).to.include({
      'put accepted': 1,
      'put duplicate': 1,
      'put refused': 1,
      'get refused': 0,
    });
    expect(await samples('thicket_refused_total', sources)).to.include({ form: 1, json: 0, other: 0 });
  });

  it('reads peers, subscriptions and waiting output off the mesh', async () => {
    const { world, sources } = await newWorld();
    const [ann, bob] = [await world.client('ann'), await world.client('bob')];
    await world.inboundRelay();
    await world.ask(ann, get('r1', 's'), get('r2', 't'));
    ann.queuedBytes = 100;
    bob.queuedBytes = 30;
    expect(await samples('thicket_peers', sources)).to.deep.equal({ client: 2, relay: 1 });
    expect(await samples('thicket_subscriptions', sources)).to.deep.equal({ '': 2 });
    expect(await samples('thicket_output_queue_bytes', sources)).to.deep.equal({ '': 130 });
    expect(await samples('thicket_output_queue_bytes_max', sources)).to.deep.equal({ '': 100 });
  });

  it('counts writes from the future and reads of the cache', async () => {
    const { world, sources } = await newWorld();
    const ann = await world.client();
    await world.ask(ann, put('w1', 's', { k: 1 }, world.time.clock() + 1000));
    expect(await samples('thicket_deferred_writes', sources)).to.deep.equal({ '': 1 });
    await world.ask(ann, get('r1', 's', 'k'), get('r2', 's', 'k'));
    expect(await samples('thicket_cache_misses_total', sources)).to.deep.equal({ '': world.graph.misses });
    expect(world.graph.misses).to.be.greaterThan(0);
  });

  it('tells which configured relays are connected, without what is secret about them', async () => {
    const peers = ['wss://user:pass@one.example/gun?token=secret', 'ws://two.example'];
    const { world, sources } = await newWorld({ peers });
    await world.dialledRelay('wss://one.example/gun');
    expect(await samples('thicket_relay_up', sources)).to.deep.equal({
      'wss://one.example/gun': 1,
      'ws://two.example/gun': 0,
    });
  });

  it('tells the size of the store where there is one on disk', async () => {
    expect(await samples('thicket_store_bytes', (await newWorld()).sources)).to.deep.equal({});
    const { sources } = await newWorld({ storeBytes: () => Promise.resolve(5) });
    expect(await samples('thicket_store_bytes', sources)).to.deep.equal({ '': 5 });
  });
});
