import { expect } from 'chai';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { save } from './save.ts';

describe('files of the bench', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thicket-bench-save-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('makes the folders of a file and replaces what an earlier run wrote', async () => {
    const file = join(folder, 'results', 'today', 'bench.json');
    await save(file, 'first');
    await save(file, 'second');
    expect(await readFile(file, 'utf8')).to.equal('second');
  });
});
