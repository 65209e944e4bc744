import { expect } from 'chai';
import { failure, success, type Result } from '../../../lib/base/result.ts';

function half(value: number): Result<number> {
  return value % 2 === 0 ? success(value / 2) : failure('odd');
}

describe('base.result', () => {
  it('carries the value of a success', () => {
    expect(half(4)).to.deep.equal({ ok: true, value: 2 });
  });

  it('carries the reason of a failure', () => {
    expect(half(3)).to.deep.equal({ ok: false, reason: 'odd' });
  });
});
