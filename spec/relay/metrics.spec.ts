import { expect } from 'chai';
import { Metrics } from '../../relay/metrics.ts';
import { metricWorlds } from './metric-world.ts';

/** The value of a line, undefined when there is none. */
function valueOf(text: string, name: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length));
}

describe('relay metrics', () => {
  const newWorld = metricWorlds();

  it('are text for Prometheus, of the relay and of its process', async () => {
    const { sources } = await newWorld();
    const metrics = new Metrics(sources);
    expect(metrics.contentType).to.contain('text/plain; version=0.0.4');
    const text = await metrics.text();
    expect(text).to.match(/^# TYPE thicket_messages_total counter$/m);
    expect(text).to.match(/^# TYPE thicket_put_ack_seconds histogram$/m);
    expect(valueOf(text, 'process_resident_memory_bytes')).to.be.greaterThan(1_000_000);
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines) expect(line).to.match(/^[a-z_0-9]+(\{[^}]*\})? [-+\d.e]+$/);
  });

  it('tell the same when they are asked twice, and grow with what happens', async () => {
    const { sources, world } = await newWorld();
    const metrics = new Metrics(sources);
    const name = 'thicket_messages_total{kind="put",verdict="accepted"}';
    world.mesh.counters.put.accepted = 5;
    expect(valueOf(await metrics.text(), name)).to.equal(5);
    expect(valueOf(await metrics.text(), name)).to.equal(5);
    world.mesh.counters.put.accepted = 7;
    expect(valueOf(await metrics.text(), name)).to.equal(7);
  });

  it('measure puts and commits', async () => {
    const { sources, world } = await newWorld();
    const metrics = new Metrics(sources);
    world.mesh.putWatch.onTime(20);
    sources.storage.onCommit(30, 4);
    const text = await metrics.text();
    expect(valueOf(text, 'thicket_put_ack_seconds_sum')).to.equal(0.02);
    expect(valueOf(text, 'thicket_put_ack_seconds_bucket{le="0.01"}')).to.equal(0);
    expect(valueOf(text, 'thicket_put_ack_seconds_bucket{le="0.025"}')).to.equal(1);
    expect(valueOf(text, 'thicket_commit_seconds_sum')).to.equal(0.004);
    expect(valueOf(text, 'thicket_commit_changes_bucket{le="30"}')).to.equal(1);
  });

  it('are apart for each relay of a process', async () => {
    const [one, two] = [await newWorld(), await newWorld()];
    const [first, second] = [new Metrics(one.sources), new Metrics(two.sources)];
    one.world.mesh.counters.get.accepted = 3;
    const name = 'thicket_messages_total{kind="get",verdict="accepted"}';
    expect(valueOf(await first.text(), name)).to.equal(3);
    expect(valueOf(await second.text(), name)).to.equal(0);
  });
});
