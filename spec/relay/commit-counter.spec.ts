import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { CommitCounter, readCommitCount } from '../../relay/commit-counter.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

describe('commit counter', () => {
  const folder = temporaryFolders();

  async function aFile(): Promise<string> {
    return join(await folder(), 'commits');
  }

  it('knows nothing where there is no file', async () => {
    expect(readCommitCount(await aFile())).to.equal(undefined);
  });

  it('gives back what was written last, and what was promised then', async () => {
    const file = await aFile();
    const first = new CommitCounter(file, { commits: 0, durability: 'fsync' });
    expect(readCommitCount(file)).to.deep.equal({ commits: 0, durability: 'fsync' });
    for (const commits of [1, 99, 2 ** 53 - 1, 12]) {
      first.write(commits);
      expect(readCommitCount(file)).to.deep.equal({ commits, durability: 'fsync' });
    }
    first.close();
    const second = new CommitCounter(file, { commits: 13, durability: 'os' });
    second.close();
    expect(readCommitCount(file)).to.deep.equal({ commits: 13, durability: 'os' });
  });

  it('is written in place and always takes the same room', async () => {
    const file = await aFile();
    const counter = new CommitCounter(file, { commits: 7, durability: 'os' });
    const before = await stat(file);
    counter.write(2 ** 53 - 1);
    counter.close();
    const after = await stat(file);
    expect([after.size, after.ino]).to.deep.equal([before.size, before.ino]);
  });

  it('believes no file that is cut off, garbled or something else', async () => {
    const file = await aFile();
    new CommitCounter(file, { commits: 123, durability: 'fsync' }).close();
    const bytes = await readFile(file);
    for (let at = 0; at < bytes.length; at += 1) {
      const garbled = Buffer.from(bytes);
      garbled[at]! ^= 1;
      await writeFile(file, garbled);
      expect(readCommitCount(file), `byte ${at}`).to.equal(undefined);
    }
    await writeFile(file, bytes);
    for (let length = bytes.length - 1; length >= 0; length -= 1) {
      await truncate(file, length);
      expect(readCommitCount(file), `${length} bytes`).to.equal(undefined);
    }
  });
});
