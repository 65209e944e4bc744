import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { hiddenFirst, isMeant } from '../../../lib/store/meant-writes.ts';

function request(isHidden?: boolean): { readonly isHidden: boolean | undefined } {
  return { isHidden };
}

describe('store.meant-writes', () => {
  it('come first in their commit, and leave the others in their order', () => {
    const [a, b, hidden, c] = [request(), request(false), request(true), request()];
    expect(hiddenFirst([a, b, hidden, c])).to.deep.equal([hidden, a, b, c]);
    const others = [a, b, c];
    expect(hiddenFirst(others)).to.equal(others);
  });

  it('tell writes that are meant from a verdict', () => {
    expect(isMeant({ meant: [] })).to.equal(true);
    for (const verdict of [undefined, 'refused', [], [writeOf('s', 'k', 1, 1)]])
      expect(isMeant(verdict)).to.equal(false);
  });
});
