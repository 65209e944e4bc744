import { expect } from 'chai';
import { BodySearch } from '../../../lib/sync/body-search.ts';
import type { LackingBodies } from '../../../lib/sync/sync-store.ts';

const at = (place: number): LackingBodies => ({ author: 'aa', log: 'bb', places: [place] });

/** A store whose walk gives some places, the end, and then the same again. */
function walkOver(...places: readonly number[]): {
  readonly lacking: () => Promise<LackingBodies | undefined>;
} {
  let next = 0;
  return {
    lacking: () => {
      const place = places[next];
      next = place === undefined ? 0 : next + 1;
      return Promise.resolve(place === undefined ? undefined : at(place));
    },
  };
}

describe('sync.body-search', () => {
  it('ends after three questions in a row that brought nothing', async () => {
    const search = new BodySearch(walkOver(1, 2, 3, 4, 5, 6, 7));
    const goesOn: boolean[] = [];
    for (const came of [0, 0, 1, 0, 0, 0]) {
      await search.next();
      if (came > 0) search.came();
      goesOn.push(search.goesOn());
    }
    expect(goesOn).to.deep.equal([true, true, true, true, true, false]);
  });

  it('begins the walk anew once, where the other side had what it was asked for last', async () => {
    const search = new BodySearch(walkOver(1, 2));
    const asked: unknown[] = [];
    for (let question = 0; question < 5; question += 1) {
      asked.push((await search.next())?.places[0]);
      search.came();
      search.goesOn();
    }
    expect(asked).to.deep.equal([1, 2, 1, 2, undefined]);
  });

  it('does not begin it anew where that had nothing', async () => {
    const search = new BodySearch(walkOver(1));
    await search.next();
    search.goesOn();
    expect(await search.next()).to.equal(undefined);
    expect(await new BodySearch({}).next()).to.equal(undefined);
  });

  it('begins it anew for who is asked first when the walk is at its end', async () => {
    const walk = walkOver(1, 2);
    // Another session was asked for these in vain, and no further.
    for (let question = 0; question < 2; question += 1) await walk.lacking();
    const search = new BodySearch(walk);
    const asked: unknown[] = [];
    for (let question = 0; question < 4; question += 1) {
      asked.push((await search.next())?.places[0]);
      search.came();
      search.goesOn();
    }
    expect(asked).to.deep.equal([1, 2, undefined, 1]);
    expect(await new BodySearch(walkOver()).next()).to.equal(undefined);
  });
});
