import { expect } from 'chai';
import * as fc from 'fast-check';
import { copyOf, roomFor } from '../../../lib/base/slab.ts';
import { seeded } from '../../support/arbitraries.ts';

describe('base.slab', () => {
  it('gives everybody room of their own, empty and of the length that is asked for', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { maxLength: 60 }), (lengths) => {
        const rooms = lengths.map((length) => roomFor(length));
        const isFresh = rooms.every(
          (room, at) => room.length === lengths[at] && room.every((byte) => byte === 0),
        );
        expect(isFresh).to.equal(true);
        for (const [at, room] of rooms.entries()) room.fill(at + 1);
        for (const [at, room] of rooms.entries())
          expect(room.every((byte) => byte === at + 1)).to.equal(true);
      }),
      seeded(100),
    );
  });

  it('copies bytes, so that what becomes of the original is of no account', () => {
    for (const length of [0, 1, 1024, 1025, 100_000]) {
      const bytes = new Uint8Array(length).fill(7);
      const copy = copyOf(bytes);
      bytes.fill(0);
      expect(copy).to.deep.equal(new Uint8Array(length).fill(7));
    }
  });

  it('keeps little alive with what is small, and nothing else with what is large', () => {
    expect(Math.max(...Array.from({ length: 1024 }, (_, at) => roomFor(at + 1).buffer.byteLength))).to.equal(
      8192,
    );
    expect(roomFor(1025).buffer.byteLength).to.equal(1025);
  });
});
