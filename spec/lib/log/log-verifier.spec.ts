import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { isCanonical } from '../../../lib/log/fork.ts';
import { LogVerifier, type LogClaim } from '../../../lib/log/log-verifier.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import type { OperationBytes } from '../../../lib/log/sequence.ts';
import { authorOf, logOf, operationAfter, verifyFast } from '../../support/log-maker.ts';

function idOf(operation: Operation | undefined): string {
  return toHex(operation!.header.id);
}

function claimOf(operations: readonly Operation[], side?: LogClaim['side']): LogClaim {
  const { author, log } = namesOf(operations[0]!);
  const [first, last] = [operations[0]!.header.sequence, operations.at(-1)!.header.sequence];
  return { author, log, first, height: last, tip: idOf(operations.at(-1)), side };
}

function bytesOf({ header, body }: Operation): OperationBytes {
  return { header: header.bytes, body };
}

/** Faults as `place reason`. */
function verify(claim: LogClaim, operations: readonly OperationBytes[]): string[] {
  const verifier = new LogVerifier(claim, verifyFast);
  const faults = operations
    .map((operation) => verifier.take(operation))
    .filter((fault) => fault !== undefined);
  expect(verifier.operations).to.equal(operations.length);
  return [...faults, ...verifier.end()].map(({ sequence, reason }) => `${sequence} ${reason}`);
}

describe('log.log-verifier', () => {
  const log = logOf(authorOf(1), 6);
  const claim = claimOf(log);

  it('finds nothing in a whole log, with bodies and without', () => {
    expect(verify(claim, log.map(bytesOf))).to.deep.equal([]);
    expect(
      verify(
        claim,
        log.map(({ header }) => ({ header: header.bytes, body: undefined })),
      ),
    ).to.deep.equal([]);
  });

  it('finds every byte that was changed', () => {
    const { header, body } = log[2]!;
    for (let at = 0; at < header.bytes.length; at += 7) {
      const changed = header.bytes.slice();
      changed[at]! ^= 1;
      const operations = log.map(bytesOf).with(2, { header: changed, body });
      expect(verify(claim, operations), `byte ${at}`).to.not.deep.equal([]);
    }
    const wrongBody = log.map(bytesOf).with(2, { header: header.bytes, body: Uint8Array.of(9) });
    expect(verify(claim, wrongBody)).to.deep.equal(['2 payload']);
  });

  it('finds what is missing: at the beginning, in between and at the end', () => {
    expect(verify(claim, log.slice(1).map(bytesOf))).to.include('0 gap');
    expect(verify(claim, log.map(bytesOf).toSpliced(2, 1))).to.include('2 gap');
    expect(verify(claim, log.slice(0, -1).map(bytesOf))).to.deep.equal(['5 gap']);
    expect(verify(claim, [])).to.deep.equal(['0 gap']);
  });

  it('finds what is put in the place of another: of another author, another log, another branch', () => {
    const foreign = logOf(authorOf(2), 6).map(bytesOf);
    expect(verify(claim, log.map(bytesOf).with(3, foreign[3]!))).to.include('3 author');
    const elsewhere = operationAfter(authorOf(1), log[2]!.header, undefined, { logId: new Uint8Array(32) });
    expect(verify(claim, log.map(bytesOf).with(3, bytesOf(elsewhere)))).to.include('3 log');
    const other = logOf(authorOf(1), 6, () => Uint8Array.of(1, 1)).map(bytesOf);
    expect(verify(claim, log.map(bytesOf).with(3, other[3]!))).to.deep.equal(['3 backlink', '4 backlink']);
    expect(verify(claim, other)).to.deep.equal(['5 fork', '6 gap']);
  });

  it('takes a prune point for a beginning, and nothing else', () => {
    const point = operationAfter(authorOf(1), log[2]!.header, undefined, { prune: true });
    const pruned = [point, operationAfter(authorOf(1), point.header, Uint8Array.of(1))];
    expect(verify(claimOf(pruned), pruned.map(bytesOf))).to.deep.equal([]);
    const late = log.slice(3);
    expect(verify(claimOf(late), late.map(bytesOf))).to.deep.equal(['3 gap']);
  });

  it('follows both branches of a forked log', () => {
    const [one, other] = [1, 2].map((branch) =>
      operationAfter(authorOf(1), log[2]!.header, Uint8Array.of(branch)),
    ) as [Operation, Operation];
    const [canonical, first] = isCanonical(one.header.id, other.header.id) ? [one, other] : [other, one];
    const second = operationAfter(authorOf(1), first.header, Uint8Array.of(9));
    const trunk = [...log.slice(0, 3), canonical];
    const forked = claimOf(trunk, { from: 3, tip: idOf(second) });
    const whole = [...trunk, first, second].map(bytesOf);
    expect(verify(forked, whole)).to.deep.equal([]);
    expect(verify(forked, whole.slice(0, -1))).to.deep.equal(['4 gap']);
    expect(verify(forked, trunk.map(bytesOf))).to.deep.equal(['3 gap']);
    expect(verify(claimOf(trunk), whole)).to.include('4 gap');
    const strange = operationAfter(authorOf(1), log[4]!.header, Uint8Array.of(5));
    expect(verify(forked, [...trunk.map(bytesOf), bytesOf(strange)])).to.include('3 gap');
    const stray = logOf(authorOf(1), 4, () => Uint8Array.of(4))[3]!;
    expect(verify(forked, [...trunk.map(bytesOf), bytesOf(stray)])).to.include('3 backlink');
  });

  it('goes on behind what cannot be read', () => {
    const faults = verify(claim, log.map(bytesOf).with(1, { header: Uint8Array.of(1), body: undefined }));
    expect(faults).to.deep.equal(['1 malformed']);
  });
});
