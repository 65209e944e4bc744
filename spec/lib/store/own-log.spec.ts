import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { encodeDelta } from '../../../lib/store/delta-codec.ts';
import { openLogged } from '../../support/logged-store.ts';

describe('store.own-log', () => {
  const writes = [writeOf('s', 'a', 1, 1)];
  const body = encodeDelta('gun/put', writes);
  if (!body.ok) throw new Error(body.reason);

  it('appends one operation after the other, also when they are asked for at once and over a restart', async () => {
    const memory = new MemoryStorage();
    const store = await openLogged({ memory });
    const appended = await Promise.all([1, 2, 3].map(() => store.own.append(body.value, { writes })));
    expect(
      appended.map((result) => (result.ok ? result.value.header.sequence : result.reason)),
    ).to.deep.equal([0, 1, 2]);
    expect(await store.small.lines()).to.have.lengthOf(1);
    await store.own.idle();
    await store.close();
    const again = await openLogged({ memory });
    const next = await again.own.append(body.value);
    expect(next.ok && next.value.header.sequence).to.equal(3);
    await again.close();
  });

  it('says why nothing was appended, and goes on from where it is', async () => {
    const store = await openLogged();
    store.small.storage.fails = (operation) => operation === 'commit';
    expect((await store.own.append(body.value)).ok).to.equal(false);
    store.small.storage.fails = (operation) => operation === 'getText';
    expect((await store.own.append(body.value)).ok).to.equal(false);
    store.small.storage.fails = () => false;
    const appended = await store.own.append(body.value);
    expect(appended.ok && appended.value.header.sequence).to.equal(0);
    await store.close();
  });

  it('gives up what is before a prune point', async () => {
    const store = await openLogged();
    await store.own.append(body.value);
    await store.own.append(body.value, { prune: true });
    expect((await store.logs.head(store.own.name))?.first).to.equal(1);
    expect(await store.lines()).to.have.lengthOf(1);
    await store.close();
  });
});
