import { expect } from 'chai';
import { checkEvidence, checkSide, isCanonical, MOST_SIDE_OPERATIONS } from '../../../lib/log/fork.ts';
import { authorOf, logOf, operationAfter, verifyFast } from '../../support/log-maker.ts';

const reason = (a: Uint8Array, b: Uint8Array): string => {
  const evidence = checkEvidence(a, b, verifyFast);
  return evidence.ok ? 'ok' : evidence.reason;
};

describe('log.fork', () => {
  const author = authorOf(1);
  const [first, second, third] = logOf(author, 3);
  const other = operationAfter(author, first!.header, Uint8Array.of(99));

  it('calls the operation with the smaller id canonical, for everybody', () => {
    const [a, b] = [Uint8Array.of(1, 255), Uint8Array.of(2, 0)];
    expect(isCanonical(a, b)).to.equal(true);
    expect(isCanonical(b, a)).to.equal(false);
  });

  it('takes two headers of one place as evidence, in any order', () => {
    const [one, two] = [
      checkEvidence(second!.header.bytes, other.header.bytes, verifyFast),
      checkEvidence(other.header.bytes, second!.header.bytes, verifyFast),
    ];
    expect(one.ok).to.equal(true);
    expect(one).to.deep.equal(two);
    if (one.ok) expect(isCanonical(one.value.canonical.id, one.value.side.id)).to.equal(true);
  });

  it('refuses headers that do not contradict each other, or are not true', () => {
    const { bytes } = second!.header;
    expect(reason(bytes, bytes)).to.equal('fork');
    expect(reason(bytes, third!.header.bytes)).to.equal('fork');
    expect(reason(bytes, logOf(authorOf(2), 2)[1]!.header.bytes)).to.equal('author');
    const elsewhere = operationAfter(author, first!.header, undefined, { logId: new Uint8Array(32) });
    expect(reason(bytes, elsewhere.header.bytes)).to.equal('log');
    const forged = other.header.bytes.slice();
    forged[70]! ^= 1;
    expect([reason(bytes, forged), reason(forged, bytes)]).to.deep.equal(['signature', 'signature']);
    expect(reason(bytes, new Uint8Array(3))).to.equal('malformed');
    expect(reason(new Uint8Array(3), bytes)).to.equal('malformed');
  });

  it('lets one side branch grow, up to its bound', () => {
    const side = [other];
    while (side.length < MOST_SIDE_OPERATIONS) {
      side.push(operationAfter(author, side.at(-1)!.header, undefined));
    }
    const branch = (length: number): { from: number; ids: Uint8Array[] } => ({
      from: 1,
      ids: side.slice(0, length).map(({ header }) => header.id),
    });
    expect(checkSide(side[1]!.header, branch(1))).to.deep.equal({ ok: true, value: 'extends' });
    expect(checkSide(side[0]!.header, branch(1))).to.deep.equal({ ok: true, value: 'known' });
    const next = operationAfter(author, side.at(-1)!.header, undefined);
    expect(checkSide(next.header, branch(MOST_SIDE_OPERATIONS))).to.deep.equal({ ok: false, reason: 'full' });
  });

  it('takes no third branch', () => {
    const branch = { from: 1, ids: [other.header.id] };
    const another = operationAfter(author, first!.header, Uint8Array.of(100));
    expect(checkSide(another.header, branch)).to.deep.equal({ ok: false, reason: 'fork' });
    expect(checkSide(operationAfter(author, another.header, undefined).header, branch)).to.deep.equal({
      ok: false,
      reason: 'fork',
    });
    expect(checkSide(first!.header, branch)).to.deep.equal({ ok: false, reason: 'fork' });
  });
});
