import { expect } from 'chai';
import { keys } from '../../../lib/api/query.ts';

describe('keys', () => {
  it('builds what is asked step by step, each step a query of its own', () => {
    const all = keys();
    const some = all.prefix('2024-').from('2024-02').to('2024-11');
    expect(all.wanted).to.deep.equal({ key: { prefix: '' }, reverse: false, byteLimit: 65_536 });
    expect(some.wanted).to.deep.equal({
      key: { prefix: '2024-', from: '2024-02', to: '2024-11' },
      reverse: false,
      byteLimit: 65_536,
    });
    const backwards = some.bytes(100).backwards();
    expect(backwards.wanted).to.include({ reverse: true, byteLimit: 100 });
    expect(some.wanted.reverse).to.equal(false);
  });
});
