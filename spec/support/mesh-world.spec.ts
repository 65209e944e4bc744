import { expect } from 'chai';
import { MemoryStorage } from '../../adapters/memory.ts';
import { meshWorlds, PAST, put } from './mesh-world.ts';
import { storeLines } from './store-lines.ts';
import { START_MS } from './fake-clock.ts';

describe('a mesh of specs', () => {
  const newWorld = meshWorlds();

  it('is settled only when large commits are made, also of writes that have just come due', async () => {
    const world = await newWorld({ storage: new MemoryStorage() });
    const peer = await world.client();
    for (const [state, name] of [
      [PAST, 'now'],
      [START_MS + 1000, 'due'],
    ] as const) {
      const names = Array.from({ length: 2000 }, (_, at) => `${name} ${at}`);
      const messages = names.map((soul) => put(soul, soul, { k: 1 }, state));
      for (let at = 0; at < messages.length; at += 500) peer.say(...messages.slice(at, at + 500));
      await world.settle();
      expect(peer.news().filter(({ ok }) => ok === true)).to.have.lengthOf(2000);
    }
    expect(await storeLines(world.storage)).to.have.lengthOf(2000);
    await world.advance(1000);
    expect(await storeLines(world.storage)).to.have.lengthOf(4000);
  });
});
