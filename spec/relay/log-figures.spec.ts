import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { writeOf } from '../../lib/graph/write.ts';
import { LogFigures } from '../../relay/log-figures.ts';
import { createRelay } from '../../relay/relay.ts';
import { bodyOf } from '../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../support/log-maker.ts';
import { openLogged } from '../support/logged-store.ts';
import { graphOf, RawPeer } from '../support/raw-peer.ts';
import { saidBy, signedPut } from '../support/signed-messages.ts';

describe('relay log figures', () => {
  it('count authors and forks, not more often than every ten seconds', async () => {
    const store = await openLogged({ witnesses: false });
    let now = 0;
    const figures = new LogFigures({
      store: store.logs,
      counts: { taken: 0, forked: 0, known: 0, refused: 0 },
      marks: store.marks,
      own: () => store.own.name,
      now: () => now,
    });
    expect(await figures.census()).to.deep.equal({ authors: 0, forked: 0 });
    expect(await figures.ownHeight()).to.equal(0);
    const log = logOf(authorOf(1), 2, () => bodyOf([writeOf('s', 'k', 1, 1)]));
    await store.take(log[0]!);
    await store.take(log[1]!);
    await store.take(operationAfter(authorOf(1), log[0]!.header, bodyOf([writeOf('s', 'k', 2, 2)])));
    await store.take(logOf(authorOf(2), 1, () => bodyOf([writeOf('s', 'k', 3, 3)]))[0]!);
    await store.own.append(bodyOf([writeOf('s', 'k', 4, 4)]));
    now = 9999;
    expect(await figures.census()).to.deep.equal({ authors: 0, forked: 0 });
    now = 10_000;
    expect(await figures.census()).to.deep.equal({ authors: 3, forked: 1 });
    expect(await figures.ownHeight()).to.equal(1);
    expect(figures.backlog).to.equal(0);
    await store.close();
  });

  it('are among the metrics of a relay', async () => {
    const settings = { port: 0, host: '127.0.0.1', logLevel: 'silent', legacy: 'witness' } as const;
    const relay = createRelay(settings, { storage: new MemoryStorage() });
    await relay.listen();
    const peer = await RawPeer.open(`ws://127.0.0.1:${relay.port}/gun`);
    const write = writeOf('mark', 'name', 5, 'Mark');
    const operation = saidBy(1, undefined, write);
    for (const id of ['one', 'two']) {
      peer.send(signedPut(id, operation, write));
      await peer.reply(id);
    }
    const early = saidBy(2, saidBy(2, undefined, write), write);
    peer.send(signedPut('three', early, write));
    await peer.reply('three');
    const fork = saidBy(1, undefined, { ...write, state: 6 });
    peer.send(signedPut('four', fork, { ...write, state: 6 }));
    await peer.reply('four');
    await peer.put(graphOf('loose', { a: 1 }));
    const read = async (): Promise<string> => (await fetch(`http://127.0.0.1:${relay.port}/metrics`)).text();
    const text = await read();
    for (const line of [
      'thicket_log_operations_total{verdict="known"} 1',
      'thicket_log_operations_total{verdict="refused"} 1',
      'thicket_log_operations_total{verdict="forked"} 1',
      'thicket_log_forks 1',
    ]) {
      expect(text).to.contain(`${line}\n`);
    }
    expect(text).to.match(/^thicket_witness_backlog [01]$/m);
    let later = text;
    while (!later.includes('thicket_log_own_height 1\n')) later = await read();
    expect(later).to.contain('thicket_log_operations_total{verdict="taken"} 2\n');
    expect(later).to.match(/^thicket_log_authors [12]$/m);
    await peer.close();
    await relay.close();
  });
});
