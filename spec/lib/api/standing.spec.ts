import { expect } from 'chai';
import { Standing } from '../../../lib/api/standing.ts';
import type { GraphStatus } from '../../../lib/api/uplinks.ts';
import { settle } from '../../support/scripted-peer.ts';

/** Links of which a spec says how they stand, and how often peers came; `told` and `holds` are what came of it. */
class World {
  status: GraphStatus = { connection: 'connecting', peers: 0, unsent: 0 };
  readonly told: GraphStatus[] = [];
  readonly holds: boolean[] = [];
  came = 0;
  readonly standing: Standing = new Standing(
    this,
    (status) => void this.told.push(status),
    () => {
      this.came += 1;
    },
  );

  hold(isHeld: boolean): void {
    this.holds.push(isHeld);
  }

  become(some: Partial<GraphStatus>): void {
    this.status = { ...this.status, ...some };
    this.standing.update();
  }
}

describe('Standing', () => {
  it('is another one at once, and told of many changes within a turn once', async () => {
    const world = new World();
    world.become({ unsent: 1 });
    world.become({ connection: 'online', peers: 1 });
    expect(world.standing.status).to.deep.equal({ connection: 'online', peers: 1, unsent: 1 });
    expect(world.told).to.deep.equal([]);
    await settle();
    expect(world.told).to.deep.equal([world.status]);
    world.standing.update();
    await settle();
    expect(world.told).to.have.lengthOf(1);
  });

  it('tells when there are more peers, and not when there are fewer', () => {
    const world = new World();
    for (const peers of [1, 1, 2, 1, 0, 1]) world.become({ peers });
    expect(world.came).to.equal(3);
  });

  it('keeps the process alive while somebody waits or listens', () => {
    const world = new World();
    world.standing.dialled();
    expect(world.holds).to.deep.equal([false]);
    const [first, second] = [world.standing.hold(), world.standing.hold()];
    first();
    expect(world.holds).to.deep.equal([false, true]);
    second();
    expect(world.holds).to.deep.equal([false, true, false]);
  });

  it('keeps it alive for writes too, while there is somebody who could take them', () => {
    const world = new World();
    world.standing.dialled();
    world.become({ unsent: 1 });
    world.become({ connection: 'offline' });
    world.become({ connection: 'online', peers: 1 });
    world.become({ unsent: 0 });
    expect(world.holds).to.deep.equal([false, true, false, true, false]);
  });

  it('says so again to peers that are dialled anew', () => {
    const world = new World();
    world.standing.dialled();
    world.standing.dialled();
    expect(world.holds).to.deep.equal([false, false]);
  });
});
