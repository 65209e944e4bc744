import { expect } from 'chai';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CpuProfile, clearProfiles, describeProfiles, hotspotsOf } from './profile.ts';

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

describe('folders of profiles', () => {
  let parent: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'thicket-bench-profile-'));
  });

  afterEach(async () => {
    await rm(parent, { recursive: true });
  });

  it('are made where missing, and freed of the profiles of earlier runs but of nothing else', async () => {
    const folder = join(parent, 'profiles', 'put-1-thicket-1');
    await clearProfiles(folder);
    expect(await readdir(folder)).to.deep.equal([]);
    await writeFile(join(folder, 'old.cpuprofile'), '{}');
    await writeFile(join(folder, 'notes.txt'), '');
    await clearProfiles(folder);
    expect(await readdir(folder)).to.deep.equal(['notes.txt']);
  });

  it('are described by a table for each profile in them', async () => {
    const folder = join(parent, 'case');
    await mkdir(folder);
    await writeFile(join(folder, 'relay.cpuprofile'), JSON.stringify(PROFILE));
    const lines = (await describeProfiles(folder, 1)).split('\n');
    expect(lines[0]).to.equal(join(folder, 'relay.cpuprofile'));
    expect(lines.at(-1)?.split(/ {2,}/)).to.deep.equal(['merge', 'lib/ham/merge.js:10', '7', '70.0']);
  });
});
