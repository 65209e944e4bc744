import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { LOG_MOVED, OwnLog } from '../../../lib/store/own-log.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, TOPIC } from '../../support/log-maker.ts';
import { LoggedStore, openLogged } from '../../support/logged-store.ts';

describe('store.own-log', () => {
  const writes = [writeOf('s', 'a', 1, 1)];
  const body = bodyOf(writes);

  it('appends one operation after the other, also when they are asked for at once and over a restart', async () => {
    const memory = new MemoryStorage();
    const store = await openLogged({ memory });
    const appended = await Promise.all([1, 2, 3].map(() => store.own.append(body, { writes })));
    expect(
      appended.map((result) => (result.ok ? result.value.header.sequence : result.reason)),
    ).to.deep.equal([0, 1, 2]);
    expect(await store.small.lines()).to.have.lengthOf(1);
    await store.close();
    const again = await openLogged({ memory });
    const next = await again.own.append(body);
    expect(next.ok && next.value.header.sequence).to.equal(3);
    await again.close();
  });

  it('says why nothing was appended, and goes on from where it is', async () => {
    const store = await openLogged();
    store.small.storage.fails = (operation) => operation === 'commit';
    expect((await store.own.append(body)).ok).to.equal(false);
    store.small.storage.fails = (operation) => operation === 'getText';
    expect((await store.own.append(body)).ok).to.equal(false);
    store.small.storage.fails = () => false;
    const appended = await store.own.append(body);
    expect(appended.ok && appended.value.header.sequence).to.equal(0);
    await store.close();
  });

  it('appends nothing before it is known what others show of it', async () => {
    const store = await openLogged();
    const waiting: (() => void)[] = [];
    const ready = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
    const claims = { isExpecting: true, isBehind: false, ready };
    const submit = store.small.writer.submit.bind(store.small.writer);
    const own = new OwnLog({ signer: authorOf(9), topic: TOPIC, submit, claims });
    expect(own.isHeld).to.equal(true);
    const appending = own.append(body);
    await store.own.append(body);
    expect(await store.logs.head(own.name)).to.equal(undefined);
    waiting.pop()!();
    expect((await appending).ok).to.equal(true);
    claims.isBehind = true;
    const behind = own.append(body);
    waiting.pop()!();
    expect(await behind).to.deep.include({ ok: false });
    await store.close();
  });

  it('says why nothing was appended when a body is too large, or its log is full', () => {
    const store = new LoggedStore();
    const large = store.own.sign(undefined, new Uint8Array(1024 * 1024 + 1), false);
    expect(large).to.deep.equal({ ok: false, reason: 'an operation is too large: 1048577 bytes' });
    const head = { first: 0, height: 2 ** 32 - 1, tip: '00'.repeat(32), bytes: 0, side: undefined };
    expect(store.own.sign(head, body, false)).to.deep.equal({ ok: false, reason: 'a log is full' });
  });

  it('gives up what is before a prune point, but only when nothing came there meanwhile', async () => {
    const store = await openLogged();
    await store.own.append(body);
    const late = await store.own.append(body, { prunes: -1 });
    expect(late).to.deep.equal({ ok: false, reason: LOG_MOVED });
    await store.own.append(body, { prunes: 0 });
    expect((await store.logs.head(store.own.name))?.first).to.equal(1);
    expect(await store.lines()).to.have.lengthOf(1);
    await store.close();
  });
});
