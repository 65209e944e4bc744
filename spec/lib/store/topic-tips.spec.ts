import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import type { Tips } from '../../../lib/log/heights.ts';
import { encodeHead, type LogHead } from '../../../lib/store/log-head.ts';
import { headKey } from '../../../lib/store/log-keys.ts';
import { TopicTips } from '../../../lib/store/topic-tips.ts';
import { FaultyStorage } from '../../support/faulty-storage.ts';
import { authorOf, LOG_ID, TOPIC } from '../../support/log-maker.ts';

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
});
