/** Behaviour of storage adapters that were written for gun's events, with the real gun and with this project's. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { AdapterRun } from '../support/event-adapter-child.ts';

const CHILD = fileURLToPath(new URL('../support/event-adapter-child.js', import.meta.url));

async function runWith(implementation: 'gun' | 'thicket'): Promise<AdapterRun> {
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, implementation]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as AdapterRun;
}

describe("interop: storage adapters for gun's events", function () {
  this.timeout(30_000);
  let runs: AdapterRun[];

  before(async () => {
    runs = await Promise.all([runWith('gun'), runWith('thicket')]);
  });

  it('are asked, answer, keep and are waited for in the same way with either', () => {
    const [gun, thicket] = runs;
    expect(thicket).to.deep.equal(gun);
  });

  it('have what was written, and give it to the next graph', () => {
    expect(runs[1]!.told).to.deep.include.members([
      ['a property', { data: 'from disk' }],
      ['nothing', 'nothing'],
      ['after a restart', { data: 'Ann' }],
      ['live', { data: 'newer' }],
    ]);
    expect(runs[1]!.disk).to.include('mark/name "Mark"');
  });
});
