import { expect } from 'chai';
import { encodeFrame } from '../../../lib/sync/log-frames.ts';
import { GatheredTips, tipsInParts } from '../../../lib/sync/tips-parts.ts';
import type { Tip, Tips } from '../../../lib/log/heights.ts';
import { plainTips } from '../../support/parted-tips.ts';

function tip(height: number): Tip {
  return { height, id: new Uint8Array(32).fill(height), side: undefined };
}

function hexOf(number: number): string {
  return number.toString(16).padStart(64, '0');
}

/** A state vector of some authors with some logs each. */
function tipsOf(authors: number, logs: number): Tips {
  return new Map(
    Array.from({ length: authors }, (_author, at) => [
      hexOf(at),
      new Map(Array.from({ length: logs }, (_log, log) => [hexOf(log), tip(log % 200)])),
    ]),
  );
}

describe('sync.tips-parts', () => {
  it('fit into frames, and are the whole again', () => {
    const tips = tipsOf(7, 2500);
    const parts = [...tipsInParts(tips)];
    const sizes = parts.map((part) => [...part.values()].reduce((sum, { size }) => sum + size, 0));
    // One author has two parts and a half, and the next one begins a part of his own.
    expect(sizes).to.deep.equal(Array.from({ length: 7 }, () => [1000, 1000, 500]).flat());
    for (const part of parts)
      expect(encodeFrame({ type: 'have', session: 0, tips: part, more: true }).length).to.be.below(1_000_000);
    const gathered = new GatheredTips();
    for (const part of parts) gathered.add(part);
    expect(gathered.size).to.equal(17_500);
    expect(plainTips(gathered.take())).to.deep.equal(tips);
    expect(plainTips(gathered.take())).to.deep.equal(new Map());
  });

  it('are one that is empty where there are no logs', () => {
    expect([...tipsInParts(new Map())]).to.deep.equal([new Map()]);
  });

  it('count a log once, of which the later tip stays', () => {
    const gathered = new GatheredTips();
    for (const height of [5, 6]) gathered.add(new Map([['a', new Map([['b', tip(height)]])]]));
    expect(gathered.size).to.equal(1);
    expect(gathered.take().get('a')?.get('b')).to.deep.equal(tip(6));
  });

  it('have nobody without logs, who would count as none however many there are', () => {
    const gathered = new GatheredTips();
    gathered.add(tipsOf(5, 0));
    expect([gathered.size, plainTips(gathered.take())]).to.deep.equal([0, new Map()]);
    gathered.add(tipsOf(2, 1));
    gathered.add(tipsOf(5, 0));
    expect([gathered.size, plainTips(gathered.take())]).to.deep.equal([2, tipsOf(2, 1)]);
  });
});
