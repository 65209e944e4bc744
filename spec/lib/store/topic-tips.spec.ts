import { expect } from 'chai';
import * as fc from 'fast-check';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import type { ForkPolicy } from '../../../lib/log/fork.ts';
import type { Tips } from '../../../lib/log/heights.ts';
import { createOperation, type Operation } from '../../../lib/log/operation.ts';
import { encodeHead, type LogHead } from '../../../lib/store/log-head.ts';
import { headKey } from '../../../lib/store/log-keys.ts';
import { TopicTips } from '../../../lib/store/topic-tips.ts';
import { seeded } from '../../support/arbitraries.ts';
import { FaultyStorage } from '../../support/faulty-storage.ts';
import { authorOf, LOG_ID, logOf, operationAfter, TOPIC } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';
import { plainTips } from '../../support/parted-tips.ts';
import { scaled } from '../../torture/scale.ts';

const TOPIC_HEX = toHex(TOPIC);
const log = toHex(LOG_ID);
const OTHER_LOG = 'f'.repeat(64);
const [ANN, BOB, EVE] = [1, 2, 3].map((number) => toHex(authorOf(number).publicKey)) as [
  string,
  string,
  string,
];

function headAt(height: number): LogHead {
  return { first: 0, height, tip: String(height).repeat(64).slice(0, 64), bytes: 1, side: undefined };
}

function heightsIn(tips: Tips): Record<string, number | undefined> {
  return Object.fromEntries([...tips].map(([author, logs]) => [author, logs.get(log)?.height]));
}

/** A log with a branch beside it, and prune points in both. */
function branchesOf(number: number): Operation[] {
  const author = authorOf(number);
  const operations = logOf(author, 4, () => undefined);
  const grow = (from: Operation | undefined, timestamp: bigint, prune: boolean): Operation => {
    const next = operationAfter(author, from?.header, undefined, { timestamp, prune });
    operations.push(next);
    return next;
  };
  grow(grow(grow(operations[3], 5n, true), 5n, false), 5n, true);
  grow(grow(grow(operations[number % 2], 6n, false), 6n, number > 2), 6n, false);
  return operations;
}

/** Something that happens to a store. */
type Step =
  | { readonly kind: 'take'; readonly at: readonly number[]; readonly isLost: boolean }
  | { readonly kind: 'evidence'; readonly sequence: number }
  | { readonly kind: 'ask'; readonly waits: boolean };

function aStep(operations: number): fc.Arbitrary<Step> {
  const at = fc.array(fc.nat(operations - 1), { minLength: 1, maxLength: 4 });
  const taking = (isLost: boolean): fc.Arbitrary<Step> =>
    at.map((some) => ({ kind: 'take', at: some.toSorted((one, other) => one - other), isLost }));
  return fc.oneof(
    { weight: 6, arbitrary: taking(false) },
    { weight: 1, arbitrary: taking(true) },
    { weight: 1, arbitrary: fc.nat(6).map((sequence): Step => ({ kind: 'evidence', sequence })) },
    { weight: 3, arbitrary: fc.boolean().map((waits): Step => ({ kind: 'ask', waits })) },
  );
}

/** Evidence that the first author forked its log. */
function evidenceAt(sequence: number): Uint8Array[] {
  const backlink = sequence === 0 ? undefined : new Uint8Array(32).fill(sequence);
  return [7n, 8n].map((timestamp) => {
    const said = { logId: LOG_ID, timestamp, prune: false };
    return createOperation(authorOf(1), { sequence, backlink }, said, undefined).header.bytes;
  });
}

async function expectSame({ logs, small }: LoggedStore): Promise<void> {
  const fresh = plainTips(await new TopicTips(small.storage).read(TOPIC_HEX));
  expect(plainTips(await logs.tips(TOPIC_HEX))).to.deep.equal(fresh);
}

async function act(store: LoggedStore, operations: readonly Operation[], step: Step): Promise<void> {
  const { storage, writer } = store.small;
  if (step.kind === 'ask') {
    if (step.waits) await writer.idle().then(() => expectSame(store));
    else void store.logs.tips(TOPIC_HEX);
  } else if (step.kind === 'evidence') {
    const [one, other] = evidenceAt(step.sequence);
    await store.sync.takeEvidence(one!, other!);
  } else {
    if (step.isLost) await writer.idle();
    storage.fails = (operation) => step.isLost && operation === 'commit';
    const taking = Promise.all(step.at.map((at) => store.take(operations[at]!)));
    // Of what is not waited for some is published while heads are read.
    if (step.isLost || step.at.length > 2) await taking;
    storage.fails = () => false;
  }
}

describe('store.topic-tips', () => {
  let storage: FaultyStorage;
  let tips: TopicTips;

  beforeEach(async () => {
    storage = new FaultyStorage(new MemoryStorage());
    await storage.open();
    tips = new TopicTips(storage);
    await store(ANN, 1);
    await store(BOB, 2);
    await storage.commit([[headKey(BOB, OTHER_LOG), encodeHead(headAt(9))]]);
  });

  /** Stores where a log ends, and tells of it. */
  async function store(author: string, height: number): Promise<void> {
    await storage.commit([[headKey(author, log), encodeHead(headAt(height))]]);
    tips.published({ author, log }, headAt(height));
  }

  async function heights(): Promise<Record<string, number | undefined>> {
    return heightsIn(await tips.read(TOPIC_HEX));
  }

  it('are read once, those of one topic alone, and go with what is published', async () => {
    expect(await heights()).to.deep.equal({ [ANN]: 1, [BOB]: 2 });
    const { next } = storage.calls;
    await store(ANN, 3);
    await store(EVE, 0);
    tips.published({ author: ANN, log: OTHER_LOG }, headAt(7));
    expect(await heights()).to.deep.equal({ [ANN]: 3, [BOB]: 2, [EVE]: 0 });
    expect(storage.calls.next).to.equal(next);
    const side = { from: 1, height: 2, tip: 'a'.repeat(64), bytes: 1 };
    tips.published({ author: ANN, log }, { ...headAt(3), side });
    expect((await tips.read(TOPIC_HEX)).get(ANN)?.get(log)).to.deep.equal({
      height: 3,
      id: new Uint8Array(32).fill(0x33),
      side: new Uint8Array(32).fill(0xaa),
    });
    expect((await tips.read('0'.repeat(64))).size).to.equal(0);
  });

  it('are read once for all who ask meanwhile, with what is published until then', async () => {
    const hold = storage.hold('next', 'after');
    const both = Promise.all([heights(), heights()]);
    await hold.reached;
    const { next } = storage.calls;
    await store(EVE, 4);
    await store(ANN, 5);
    hold.release();
    const all = { [ANN]: 5, [BOB]: 2, [EVE]: 4 };
    expect(await both).to.deep.equal([all, all]);
    expect(storage.calls.next - next).to.be.below(3);
    expect(await heights()).to.deep.equal(all);
  });

  it('are forgotten when more is published than they have logs, and nobody asks', async () => {
    await heights();
    for (const height of [3, 4]) await store(ANN, height);
    expect(tips.size).to.equal(2);
    await heights();
    for (const height of [5, 6, 7]) await store(ANN, height);
    expect(tips.size).to.equal(0);
    expect(await heights()).to.deep.equal({ [ANN]: 7, [BOB]: 2 });
  });

  it('are not kept when they are too many, nor once they become that', async () => {
    tips = new TopicTips(storage, 2);
    await heights();
    expect(tips.size).to.equal(2);
    await store(EVE, 1);
    expect(tips.size).to.equal(0);
    expect(await heights()).to.deep.equal({ [ANN]: 1, [BOB]: 2, [EVE]: 1 });
    expect(tips.size).to.equal(0);
  });

  it('are read again when they could not be', async () => {
    storage.fails = (operation) => operation === 'next';
    expect(await heights().catch(String)).to.match(/storage cannot read/);
    storage.fails = () => false;
    expect(await heights()).to.deep.equal({ [ANN]: 1, [BOB]: 2 });
    expect(storage.openCursors).to.equal(0);
  });

  it('are what is read anew, whatever becomes of operations, forks and commits', async function () {
    this.timeout(scaled(20_000, 600_000));
    const operations = [1, 2, 3].flatMap(branchesOf);
    const steps = fc.array(aStep(operations.length), { minLength: 4, maxLength: 30 });
    const policies = fc.constantFrom<ForkPolicy>('tolerate', 'freeze', 'hide');
    await fc.assert(
      fc.asyncProperty(policies, steps, async (policy, some) => {
        const logged = await openLogged({ policy, witnesses: false });
        logged.small.storage.late = true;
        for (const step of some) await act(logged, operations, step);
        await logged.small.writer.idle();
        await logged.hider.idle();
        await expectSame(logged);
        await logged.close();
      }),
      seeded(scaled(60, 3000)),
    );
  });
});
