import { expect } from 'chai';
import { describeStorage } from '../../adapters/conformance/index.ts';
import { MemoryStorage } from '../../adapters/memory.ts';
import type { Change } from '../../lib/store/storage.ts';
import { seed } from '../support/seed.ts';

describeStorage({ describe, it }, 'MemoryStorage', () => ({ storage: new MemoryStorage() }), {
  supports: { persistent: false, snapshots: true },
  seed,
});

describe('MemoryStorage', () => {
  it('answers reads at once, without a promise', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    await storage.commit([['a', '1']]);
    expect(storage.getText('a')).to.equal('1');
    expect(storage.getTexts(['a', 'b'])).to.deep.equal(['1', undefined]);
    expect(storage.getBytes('a')).to.deep.equal(Uint8Array.from([49]));
    await storage.close();
  });

  it('shows a commit to reads before its promise resolves', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const committing = storage.commit([['a', '1']]);
    expect(storage.getText('a')).to.equal('1');
    await committing;
    await storage.close();
  });

  it('makes a large commit over many turns', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    let turns = 0;
    let counting: NodeJS.Immediate;
    const count = (): void => {
      turns += 1;
      counting = setImmediate(count);
    };
    count();
    await storage.commit(Array.from({ length: 20_000 }, (_, i): Change => [`k${i}`, '1']));
    clearImmediate(counting!);
    expect(turns).to.be.greaterThan(20);
    await storage.close();
  });

  it('keeps what it holds while it is closed', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    await storage.commit([['a', '1']]);
    await storage.close();
    await storage.open();
    expect(storage.getText('a')).to.equal('1');
    await storage.close();
  });

  it('finds every key among many thousands, whatever the order they came and went in', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const count = 20_000;
    const key = (i: number): string => `k${(i * 7919) % count}`;
    for (let i = 0; i < count; i += 500) {
      await storage.commit(Array.from({ length: 500 }, (_, j): Change => [key(i + j), `${i + j}`]));
    }
    for (let i = 0; i < count; i += 2) await storage.commit([[key(i), undefined]]);
    for (let i = 0; i < count; i += 1) {
      expect(storage.getText(key(i))).to.equal(i % 2 === 0 ? undefined : `${i}`);
    }
    const rest = await storage.range({ from: 'k', to: 'l' }).next(count);
    expect(rest).to.have.lengthOf(count / 2);
    await storage.commit(rest.map(([stored]): Change => [stored, undefined]));
    expect(await storage.range({ from: '', to: '\uffff' }).next(1)).to.deep.equal([]);
    await storage.close();
  });
});
