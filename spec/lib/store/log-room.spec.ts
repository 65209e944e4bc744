import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { encodeDelta } from '../../../lib/store/delta-codec.ts';
import { takeOne } from '../../../lib/sync/intake.ts';
import { authorOf, logOf, TOPIC } from '../../support/log-maker.ts';
import { openLogged } from '../../support/logged-store.ts';

describe('store.log-room', () => {
  const logs = [1, 2, 3, 4].map((author) => logOf(authorOf(author), 2, () => undefined));
  const limits = { logAuthors: 2 };

  it('shuts out new authors of strangers alone, within one commit too and after a restart', async () => {
    const memory = new MemoryStorage();
    let store = await openLogged({ memory, limits, witnesses: false });
    const outcomes = await Promise.all(logs.slice(0, 3).map(([first]) => store.take(first!)));
    expect(outcomes.map(({ ok }) => ok)).to.deep.equal([true, true, false]);
    await store.close();
    store = await openLogged({ memory, limits, witnesses: false });
    expect(await store.take(logs[2]![0]!)).to.include({
      reason: 'no more authors are kept here',
      logReason: 'authors',
    });
    expect(await store.take(logs[0]![1]!)).to.include({ ok: true });
    expect(store.refusals.counts.authors).to.equal(1);
    await store.close();
  });

  it('has room for whoever is invited, and for the own log', async () => {
    const store = await openLogged({ limits, witnesses: false });
    for (const [{ header, body } = logs[0]![0]!] of logs)
      await takeOne(store.sync, TOPIC, header.bytes, body);
    const empty = encodeDelta('gun/seen', []);
    expect(empty.ok && (await store.own.append(empty.value)).ok).to.equal(true);
    expect(await store.logs.heads()).to.have.lengthOf(5);
    const { header, body } = logOf(authorOf(9), 1, () => undefined)[0]!;
    const taken = await takeOne(store.sync, TOPIC, header.bytes, body, false);
    expect(taken).to.deep.equal({ ok: false, reason: 'authors' });
    await store.close();
  });

  it('counts nothing of a commit that failed', async () => {
    const store = await openLogged({ limits, witnesses: false });
    store.small.storage.fails = (operation) => operation === 'commit';
    for (const [first] of logs) expect((await store.take(first!)).ok).to.equal(false);
    store.small.storage.fails = () => false;
    for (const [first] of logs.slice(0, 2)) expect((await store.take(first!)).ok).to.equal(true);
    await store.close();
  });
});
