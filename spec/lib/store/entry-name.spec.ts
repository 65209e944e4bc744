import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { entryName } from '../../../lib/store/entry-name.ts';

describe('store.entry-name', () => {
  it('is the same for equal entries and another one for all others', () => {
    const entries = [
      writeOf('ab', 'c', 1, 1),
      writeOf('a', 'bc', 1, 1),
      writeOf('ab', 'c', 11, 1),
      writeOf('ab', 'c', 1, 11),
      writeOf('ab', 'c', 1, '1'),
      writeOf('ab', 'c1', 1, 1),
    ];
    expect(new Set(entries.map(entryName)).size).to.equal(entries.length);
    expect(entryName(writeOf('ab', 'c', 1, 1))).to.equal(entryName(entries[0]!));
  });
});
