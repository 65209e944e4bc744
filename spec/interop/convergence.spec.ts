import { expect } from 'chai';
import { useRelay } from '../support/interop-world.ts';
import { freshName, graphOf } from '../support/raw-peer.ts';

/** A node as text that does not depend on the order of its properties. */
function text(node: unknown): string {
  return JSON.stringify(Object.entries(node ?? {}).toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

describe('interop: convergence', function () {
  this.timeout(30_000);
  const shared = useRelay();

  it('ends with one value when two clients write the same property at once', async () => {
    const soul = freshName('conflict');
    const guns = await shared.world.guns(2, shared.relay);
    const heard = await Promise.all(guns.map((gun) => gun.on([soul, 'word'])));
    await guns[0]?.put([soul, 'word'], 'start');
    await Promise.all(heard.map((listener) => listener.equals('start')));
    await Promise.all(
      Array.from({ length: 20 }, (_, round) =>
        Promise.all(guns.map((gun, at) => gun.write([soul, 'word'], `client ${at} round ${round}`))),
      ),
    );
    // Only once both are through does the later of the two last words stay.
    await Promise.all(guns.map((gun, at) => gun.put([soul, `done${at}`], true)));
    const reader = await shared.world.raw(shared.relay);
    const kept = (await reader.value(soul, 'word')) as string;
    expect(kept).to.match(/^client [01] round 19$/);
    await Promise.all(heard.map((listener) => listener.equals(kept)));
  });

  it('brings five clients that all write to the same node', async () => {
    const soul = freshName('five');
    const guns = await shared.world.guns(5, shared.relay);
    const heard = await Promise.all(guns.map((gun) => gun.on([soul])));
    await guns[0]?.put([soul], { start: true });
    await Promise.all(heard.map((listener) => listener.becomes((node) => node !== undefined)));
    await Promise.all(
      guns.flatMap((gun, at) =>
        Array.from({ length: 12 }, (_, number) => [
          gun.put([soul, `own ${at} ${number}`], number),
          gun.put([soul, `shared ${number % 4}`], `client ${at} write ${number}`),
        ]).flat(),
      ),
    );
    const reader = await shared.world.raw(shared.relay);
    const kept = { ...(await reader.get({ '#': soul })).put?.[soul] } as Record<string, unknown>;
    delete kept['_'];
    expect(Object.keys(kept)).to.have.lengthOf(1 + 5 * 12 + 4);
    await Promise.all(
      heard.map((listener) => listener.becomes((node) => text(node) === text(kept), text(kept))),
    );
  });

  it('brings every item of a set that five clients fill at once', async () => {
    const list = freshName('list');
    const guns = await shared.world.guns(5, shared.relay);
    const heard = await Promise.all(guns.map((gun) => gun.map([list])));
    const souls = await Promise.all(
      guns.flatMap((gun, at) => Array.from({ length: 20 }, (_, number) => gun.set([list], { at, number }))),
    );
    for (const listener of heard) {
      await listener.until(() => souls.every((soul) => listener.byKey.has(soul)) || undefined, '100 items');
    }
  });

  it('keeps the larger JSON text when states tie, whichever comes first', async () => {
    for (const order of [
      ['felis', 'kitty'],
      ['kitty', 'felis'],
    ]) {
      const soul = freshName('tie');
      const gun = await shared.world.gun({ peers: [shared.relay] });
      const heard = await gun.on([soul, 'species']);
      const writer = await shared.world.raw(shared.relay);
      for (const species of order) await writer.put(graphOf(soul, { species }, 2));
      expect(await writer.value(soul, 'species')).to.equal('kitty');
      await heard.equals('kitty');
    }
  });

  it('keeps the later state whichever comes first', async () => {
    const soul = freshName('late');
    const gun = await shared.world.gun({ peers: [shared.relay] });
    const heard = await gun.on([soul, 'word']);
    const writer = await shared.world.raw(shared.relay);
    await writer.put(graphOf(soul, { word: 'newer' }, 5));
    await writer.put(graphOf(soul, { word: 'older' }, 4));
    await writer.put(graphOf(soul, { mark: 1 }, 5));
    expect(await writer.value(soul, 'word')).to.equal('newer');
    await heard.equals('newer');
    expect(heard.all.map(({ value }) => value)).to.not.include('older');
  });
});
