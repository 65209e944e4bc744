import { expect } from 'chai';
import { TakingLoad } from '../../../lib/sync/taking-load.ts';

describe('sync.taking-load', () => {
  it('holds the other side beyond so many operations, until half of them are done', () => {
    const told: boolean[] = [];
    const load = new TakingLoad((isHeld) => told.push(isHeld));
    for (let more = 0; more < 191; more += 1) load.add(1);
    expect(told).to.deep.equal([]);
    load.add(1);
    load.add(1);
    expect(told).to.deep.equal([true]);
    for (let done = 0; done < 96; done += 1) load.remove(1);
    expect(told).to.deep.equal([true]);
    load.remove(1);
    expect(told).to.deep.equal([true, false]);
  });

  it('holds it beyond so many bytes, also of one operation', () => {
    const told: boolean[] = [];
    const load = new TakingLoad((isHeld) => told.push(isHeld));
    load.add(1024 * 1024 - 1);
    load.add(1);
    load.remove(1);
    expect(told).to.deep.equal([true]);
    load.remove(1024 * 1024 - 1);
    expect(told).to.deep.equal([true, false]);
  });

  it('is idle when nothing is under way', async () => {
    const load = new TakingLoad(() => undefined);
    await load.idle();
    load.add(0);
    load.add(5);
    let isIdle = false;
    const waiting = load.idle().then(() => (isIdle = true));
    load.remove(5);
    await Promise.resolve();
    expect(isIdle).to.equal(false);
    load.remove(0);
    await waiting;
  });
});
