import { expect } from 'chai';
import { limitsWith } from '../../lib/base/limits.ts';
import type { Link } from '../../lib/mesh/link.ts';
import { Heartbeat } from '../../relay/heartbeat.ts';
import type { LogWire } from '../../relay/log-socket.ts';
import { Traffic } from '../../relay/traffic.ts';
import { Uplinks } from '../../relay/uplinks.ts';
import { Inbox } from '../support/inbox.ts';
import { LogRelays } from '../support/log-relays.ts';

describe('relay uplinks', () => {
  const relays = new LogRelays();
  let uplinks: Uplinks;
  let links: Inbox<Link>;
  let lines: Inbox<LogWire>;

  function dial(...peers: string[]): void {
    links = new Inbox('links');
    lines = new Inbox('lines');
    uplinks = new Uplinks({
      peers,
      limits: limitsWith(),
      heartbeat: new Heartbeat(20_000, () => () => undefined),
      traffic: new Traffic(),
      onLink: (link) => links.push(link),
      onLine: (line) => lines.push(line),
    });
    uplinks.start();
  }

  afterEach(async () => {
    uplinks.close();
    await relays.end();
  });

  it('link to graphs, and to logs once a graph says that there are some', async () => {
    const relay = await relays.start();
    dial(relay.url);
    const link = await links.next(() => true);
    expect(lines.all).to.deep.equal([]);
    uplinks.hasLogs(link);
    uplinks.hasLogs(link);
    const line = await lines.next(() => true);
    expect(line.name).to.equal(`ws://127.0.0.1:${relay.relay.port}/log`);
    expect(lines.all).to.have.lengthOf(1);
  });

  it('dial again when a line is gone', async () => {
    const relay = await relays.start();
    dial(relay.url);
    uplinks.hasLogs(await links.next(() => true));
    const line = await lines.next(() => true);
    line.close(1001, 'over');
    await lines.next(() => true);
  });

  it('know of no logs beside a graph that is elsewhere than usual, or of links that they did not dial', async () => {
    const relay = await relays.start();
    dial(relay.url);
    const link = await links.next(() => true);
    uplinks.hasLogs({ ...link, name: 'other' });
    uplinks.close();
    uplinks.hasLogs(link);
    expect(lines.all).to.deep.equal([]);
    expect(() => dial('ftp://x')).to.throw('must be a http');
  });
});
