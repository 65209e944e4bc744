import { expect } from 'chai';
import {
  changesOf,
  differenceLine,
  rebuildLines,
  type DifferenceReport,
  type GraphReport,
} from '../../relay/rebuild-lines.ts';

const FOUND: GraphReport = {
  operations: 9,
  refused: 0,
  lost: 1,
  older: 2,
  unsigned: 40,
  histories: 300,
  waiting: 0,
};
const NOTHING: GraphReport = { ...FOUND, lost: 0, older: 0, histories: 0 };
const ID = 'ab'.repeat(32);

function last(report: GraphReport, isCheck: boolean, purges: boolean): string {
  return rebuildLines(report, { isCheck, purges }).at(-1)!;
}

describe('relay rebuild lines', () => {
  it('tell what differs', () => {
    const said = { value: { '#': 'x' }, state: 1000, id: ID };
    const lines: [DifferenceReport, string][] = [
      [
        { kind: 'lost', soul: 'a "b"', key: 'k', logs: said },
        `"a \\"b\\"" "k": missing; logs say {"#":"x"} of 1970-01-01T00:00:01.000Z (${ID})`,
      ],
      [
        {
          kind: 'older',
          soul: 's',
          key: 'k',
          graph: { value: 1, state: 0 },
          logs: { ...said, id: undefined },
        },
        '"s" "k": 1 of 1970-01-01T00:00:00.000Z; logs say {"#":"x"} of 1970-01-01T00:00:01.000Z',
      ],
      [
        { kind: 'unsigned', soul: 's', key: 'k', graph: { value: null, state: 0 } },
        '"s" "k": null of 1970-01-01T00:00:00.000Z; no log says anything',
      ],
      [{ kind: 'history', soul: 's', operation: 'abcd' }, '"s": its history lacks abcd'],
      [
        { kind: 'waiting', soul: 's', key: 'k', logs: { value: 'x', state: 9e99 } },
        '"s" "k": waits no more for "x" of 9e+99',
      ],
    ];
    for (const [difference, line] of lines) expect(differenceLine(difference)).to.equal(line);
  });

  it('tell what a rebuild came to, and what it left alone', () => {
    expect([changesOf(FOUND, false), changesOf(FOUND, true), changesOf(NOTHING, false)]).to.deep.equal([
      303, 343, 0,
    ]);
    expect(rebuildLines(FOUND, { isCheck: false, purges: false })).to.deep.equal([
      'operations: 9 read',
      'properties: 1 missing, 2 older than in logs, 40 in no log',
      'histories: 300 operations missing',
      'put right; what is in no log stays (--purge takes it out)',
    ]);
    expect(last(FOUND, true, true)).to.equal('not what its logs say; run it without --check');
    expect(last(NOTHING, true, false)).to.match(/^nothing to do; what is in no log stays/);
    expect(last({ ...NOTHING, unsigned: 0 }, false, false)).to.equal('nothing to do');
    expect(
      rebuildLines({ ...FOUND, refused: 3, waiting: 5 }, { isCheck: true, purges: false }),
    ).to.include.members(['operations: 9 read, 3 of their entries not allowed', 'future writes: 5 missing']);
  });
});
