import { toHex } from '../../../lib/base/byte-texts.ts';
import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import { PartedTips } from '../../../lib/log/parted-tips.ts';
import { GivenUp, MOST_REMOVED_AT_ONCE, type GivenUpEvent } from '../../../lib/store/given-up.ts';
import { idOfHistory } from '../../../lib/store/history-record.ts';
import { LOG_PREFIXES } from '../../../lib/store/log-keys.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter, TOPIC } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';

const LENGTH = MOST_REMOVED_AT_ONCE + 80;
const said = (at: number): Uint8Array =>
  bodyOf([writeOf(`s${at % 7}`, `k${at}`, 1, at % 100 === 0 ? 'x'.repeat(5000) : at)]);
const log = logOf(authorOf(1), LENGTH, said);

function pointAfter(operation: Operation): Operation {
  return operationAfter(authorOf(1), operation.header, bodyOf([writeOf('s', 'point', 1, 1)]), {
    prune: true,
  });
}

/** Keys of everything that logs have in a store. */
async function logKeys({ small }: LoggedStore): Promise<string[]> {
  const cursor = small.storage.range({ from: '', to: '~' });
  const entries = await cursor.next(100_000);
  await cursor.close();
  return entries.map(([key]) => key).filter((key) => LOG_PREFIXES.includes(key.slice(0, 2)));
}

/** The same as a store that was given some operations alone has it; notes on what they wrote may stand elsewhere. */
async function expectOnly(store: LoggedStore, ...operations: readonly Operation[]): Promise<void> {
  const fresh = await openLogged({ witnesses: false });
  for (const operation of operations) await fresh.take(operation);
  const isNote = (key: string): boolean =>
    operations.some(({ header }) => key.startsWith('I/') && toHex(header.id).startsWith(idOfHistory(key)));
  const [keys, expected] = [await logKeys(store), await logKeys(fresh)];
  expect(keys.filter((key) => !isNote(key))).to.deep.equal(expected.filter((key) => !isNote(key)));
  await fresh.close();
}

function removerOf(store: LoggedStore, told: GivenUpEvent[] = []): GivenUp {
  const { storage, writer, time } = store.small;
  const submit = writer.submit.bind(writer);
  const report = (event: GivenUpEvent): void => void told.push(event);
  return new GivenUp({ storage, submit, startTimer: time.startTimer, report });
}

describe('store.given-up', function () {
  this.timeout(20_000);
  const point = pointAfter(log.at(-1)!);
  let store: LoggedStore;

  beforeEach(async () => {
    store = await openLogged({ witnesses: false });
    await Promise.all(log.map((operation) => store.take(operation)));
  });

  afterEach(() => store.close());

  it('is left to later where it is much, and seen by nobody any more', async () => {
    let isTold = false;
    store.logs.onGaveUp(() => {
      isTold = true;
    });
    const reads = store.small.storage.calls.getText;
    expect(await store.take(point)).to.deep.include({ ok: true });
    expect(store.small.storage.calls.getText - reads).to.be.below(20);
    expect(isTold).to.equal(true);
    expect(await logKeys(store)).to.have.lengthOf.above(3 * LENGTH);
    expect(await store.lines()).to.have.lengthOf(1);
    expect(await store.sync.plan(TOPIC, PartedTips.empty())).to.deep.include({ operations: 1 });
    expect(await store.take(log[5]!)).to.deep.include({ ok: false, logReason: 'pruned' });
    for (const { header } of [log[0]!, log[5]!, log.at(-1)!]) {
      const id = toHex(header.id);
      expect(await store.logs.operation(id)).to.equal(undefined);
      expect(await store.logs.operationLike(id.slice(0, 32))).to.equal(undefined);
      expect((await store.logs.bytesOf(id)).header).to.have.lengthOf(0);
    }
    const name = namesOf(point);
    for (const place of [0, 5, LENGTH - 1]) expect(await store.logs.idAt(name, place)).to.equal(undefined);
    const left = toHex(point.header.id);
    expect(await store.logs.idAt(name, LENGTH)).to.equal(left);
    expect(await store.logs.operation(left)).to.not.equal(undefined);
    expect((await store.logs.operationLike(left.slice(0, 32)))?.id).to.equal(left);
    expect((await store.logs.bytesOf(left)).header).to.deep.equal(point.header.bytes);
    expect((await store.history.winners('s5', { until: 9 })).size).to.equal(0);
    const next = operationAfter(authorOf(1), point.header, said(1));
    expect(await store.take(next)).to.deep.include({ ok: true, placement: 'append' });
  });

  it('is removed by and by, until only that is there which came behind', async () => {
    const next = operationAfter(authorOf(1), point.header, said(1));
    await store.take(point);
    await store.take(next);
    const remover = removerOf(store);
    remover.wake();
    await remover.idle();
    await expectOnly(store, point, next);
    expect((await store.small.graph.readField('s0', 'k0'))?.json).to.have.lengthOf(5002);
  });

  it('goes on after failures and restarts, and with what is given up meanwhile', async () => {
    const told: GivenUpEvent[] = [];
    const failAt = (at: number): void => {
      let commits = 0;
      store.small.storage.fails = (step) => step === 'commit' && (commits += 1) === at;
    };
    await store.take(point);
    const all = (await logKeys(store)).length;
    const first = removerOf(store, told);
    failAt(3);
    first.wake();
    await first.idle();
    expect(told).to.deep.equal([
      { kind: 'log-removing-failed', reason: 'storage failed, nothing was stored' },
    ]);
    expect((await logKeys(store)).length).to.be.below(all);
    store.small.time.advance(1000);
    await first.idle();
    await expectOnly(store, point);

    const more = [point];
    while (more.length <= LENGTH) more.push(operationAfter(authorOf(1), more.at(-1)!.header, said(1)));
    await Promise.all(more.map((operation) => store.take(operation)));
    const second = pointAfter(more.at(-1)!);
    failAt(4);
    first.wake();
    await store.take(second);
    first.wake();
    await first.idle();
    await first.close();
    const again = removerOf(store);
    again.wake();
    await again.idle();
    await expectOnly(store, second);
    await again.close();
    again.wake();
    await again.idle();
  });
});
