import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { CommitSize } from '../../../lib/store/commit-size.ts';

describe('store.commit-size', () => {
  it('is full with so many writes or records, or so many characters of keys and values', () => {
    const size = new CommitSize();
    for (let at = 0; at < 499; at += 1) size.add(at % 2 === 0 ? writeOf('s', 'k', 1, 1) : undefined);
    expect(size.isFull).to.equal(false);
    size.add();
    expect(size.isFull).to.equal(true);
    size.clear();
    expect(size.isFull).to.equal(false);
    const half = 'x'.repeat(512 * 1024 - 3);
    size.add(writeOf('s', 'k', 1, half));
    expect(size.isFull).to.equal(false);
    size.add(undefined, writeOf('s', 'k', 1, half.slice(1)), writeOf('s', '', 1, 1));
    expect(size.isFull).to.equal(true);
    size.clear();
    size.add(writeOf('s', 'k', 1, half), writeOf('s', 'k', 1, half.slice(1)));
    expect(size.isFull, 'a character less').to.equal(false);
  });
});
