import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { LOG_REASONS } from '../../../lib/log/reasons.ts';
import { LogRefusals } from '../../../lib/store/log-refusals.ts';
import { readSignedPut } from '../../../lib/store/signed-put.ts';
import { takeOne } from '../../../lib/sync/intake.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, operationAfter, TOPIC, verifyFast } from '../../support/log-maker.ts';
import { openLogged } from '../../support/logged-store.ts';
import { opOf } from '../../support/signed-messages.ts';

describe('store.log-refusals', () => {
  it('count every reason from nothing on', () => {
    const { counts } = new LogRefusals();
    expect(Object.keys(counts)).to.include.members([
      ...Object.keys(LOG_REASONS),
      'form',
      'different',
      'owned',
    ]);
    expect(new Set(Object.values(counts))).to.deep.equal(new Set([0]));
  });

  it('know the reason of each put that was refused for its operation', () => {
    const refusals = new LogRefusals();
    const write = writeOf('s', 'k', 1, 1);
    const mine = writeOf(`@${'0'.repeat(64)}/x`, 'k', 1, 1);
    const good = opOf(operationAfter(authorOf(1), undefined, bodyOf([write])));
    const forged = Buffer.from(good.h, 'base64url');
    forged[100]! ^= 1;
    for (const [op, writes] of [
      ['nothing', [write]],
      [good, [writeOf('s', 'k', 1, 2)]],
      [opOf(operationAfter(authorOf(1), undefined, bodyOf([mine]))), [mine]],
      [{ ...good, h: forged.toString('base64url') }, [write]],
      [{ ...good, h: 'AAAA' }, [write]],
      [{ ...good, b: 'AAAA' }, [write]],
    ] as const) {
      const read = readSignedPut(op, writes, verifyFast);
      refusals.addPut(read.ok ? '' : read.reason);
    }
    const some = Object.entries(refusals.counts).filter(([, count]) => count > 0);
    expect(Object.fromEntries(some)).to.deep.equal({
      form: 1,
      different: 1,
      owned: 1,
      signature: 1,
      malformed: 1,
      payload: 1,
    });
  });

  it('count what reaches no log, and what a log refuses', async () => {
    const store = await openLogged({ witnesses: false });
    const first = operationAfter(authorOf(1), undefined, bodyOf([writeOf('s', 'k', 1, 1)]));
    const second = operationAfter(authorOf(1), first.header, undefined);
    const elsewhere = operationAfter(authorOf(1), undefined, undefined, { logId: new Uint8Array(32) });
    const forged = first.header.bytes.slice();
    forged[100]! ^= 1;
    await takeOne(store.sync, TOPIC, forged, first.body);
    await takeOne(store.sync, TOPIC, elsewhere.header.bytes, undefined);
    await takeOne(store.sync, TOPIC, second.header.bytes, undefined);
    await takeOne(store.sync, TOPIC, first.header.bytes, Uint8Array.of(1));
    const { signature, log, gap, payload } = store.refusals.counts;
    expect([signature, log, gap, payload]).to.deep.equal([1, 1, 1, 1]);
    await store.close();
  });
});
