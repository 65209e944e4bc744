import { expect } from 'chai';
import { type CpuProfile, hotspotsOf } from './profile.ts';

function node(id: number, functionName: string, url = '', lineNumber = -1): CpuProfile['nodes'][number] {
  return { id, callFrame: { functionName, url, lineNumber } };
}

const PROFILE: CpuProfile = {
  nodes: [
    node(1, '(idle)'),
    node(2, 'merge', 'file:///somewhere/dist/lib/ham/merge.js', 9),
    node(3, '(garbage collector)'),
    node(4, '', 'file:///somewhere/node_modules/ws/lib/sender.js', 0),
    node(5, 'merge', 'file:///somewhere/dist/lib/ham/merge.js', 9),
  ],
  samples: [2, 1, 3, 4, 5, 1],
  timeDeltas: [0, 3000, 50_000, 2000, 1000, 4000],
};

describe('profiles of the bench', () => {
  it('adds up the own time of each function, dearest first, without idle time', () => {
    const hotspots = hotspotsOf(PROFILE, 10);
    expect(hotspots.map(({ name, milliseconds }) => [name, milliseconds])).to.deep.equal([
      ['merge', 7],
      ['(garbage collector)', 2],
      ['(anonymous)', 1],
    ]);
    expect(hotspots[0]?.share).to.equal(0.7);
  });

  it('shortens places to the package or the folder below dist', () => {
    const places = hotspotsOf(PROFILE, 10).map(({ place }) => place);
    expect(places).to.deep.equal(['lib/ham/merge.js:10', '', '~/ws/lib/sender.js:1']);
  });

  it('lists no more than asked for', () => {
    expect(hotspotsOf(PROFILE, 1)).to.have.length(1);
  });
});
