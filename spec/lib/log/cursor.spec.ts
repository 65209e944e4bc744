import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { advance, decodeCursor, encodeCursor, type Cursor } from '../../../lib/log/cursor.ts';
import { hex } from '../../support/log-maker.ts';
import { loadVectors } from '../../support/vectors.ts';

interface Row {
  readonly name: string;
  readonly cbor: string;
  readonly state: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

describe('log.cursor', () => {
  for (const { name, cbor, state } of loadVectors<{ cases: readonly Row[] }>('p2panda/cursors.json').cases) {
    it(`is written as p2panda writes it: ${name}`, () => {
      const heights = new Map(
        Object.entries(state).map(([author, logs]) => [author, new Map(Object.entries(logs))]),
      );
      const decoded = decodeCursor(hex(cbor));
      if (!decoded.ok) throw new Error(decoded.reason);
      expect(decoded.value.heights).to.deep.equal(heights);
      expect(toHex(encodeCursor({ name: decoded.value.name, heights }))).to.equal(cbor);
    });
  }

  it('goes forward in one log alone, and never back', () => {
    const empty: Cursor = { name: 'c', heights: new Map() };
    const one = advance(empty, 'a', 'x', 5);
    expect(one.heights.get('a')?.get('x')).to.equal(5);
    expect(empty.heights.size).to.equal(0);
    expect(advance(one, 'a', 'x', 5)).to.equal(one);
    expect(advance(one, 'a', 'x', 0)).to.equal(one);
    const two = advance(advance(one, 'a', 'y', 0), 'a', 'x', 6);
    expect([...two.heights.get('a')!]).to.have.deep.members([
      ['x', 6],
      ['y', 0],
    ]);
  });

  it('refuses what is no cursor', () => {
    for (const bytes of ['a0', '8161610a', '826161', '82616100', '8360a0a0', '8260a000']) {
      expect(decodeCursor(hex(bytes)).ok, bytes).to.equal(false);
    }
  });
});
