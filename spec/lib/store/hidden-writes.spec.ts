import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged } from '../../support/logged-store.ts';

describe('store.hidden-writes', () => {
  it('are asked about once for all properties of a node, and unsigned writes that lose anyway not at all', async () => {
    const store = await openLogged({ policy: 'hide', witnesses: false });
    const writes = Array.from({ length: 30 }, (_, at) => writeOf('s', `k${at}`, 5, at));
    await store.take(logOf(authorOf(1), 1, () => bodyOf(writes))[0]!);
    const other = [writeOf('s', 'k1', 9, 'other')];
    await store.take(logOf(authorOf(2), 1, () => bodyOf(other))[0]!);
    await store.take(operationAfter(authorOf(1), undefined, bodyOf([writeOf('t', 'k', 1, 1)])));
    const before = store.small.storage.calls.range;
    await store.hider.idle();
    expect(store.small.storage.calls.range - before).to.be.below(10);
    expect(await store.small.lines()).to.have.lengthOf(1);
    const asked = store.small.storage.calls.range;
    await store.small.put([writeOf('s', 'k1', 5, 1)]);
    expect(store.small.storage.calls.range).to.equal(asked);
    await store.small.put(writes);
    expect(store.small.storage.calls.range).to.be.above(asked);
    expect(await store.small.lines()).to.have.lengthOf(1);
    await store.close();
  });
});
