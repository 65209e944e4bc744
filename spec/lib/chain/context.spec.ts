import { expect } from 'chai';
import { useChains } from '../../support/chains.ts';

describe('contexts of chains', () => {
  const { open } = useChains();

  it('say where a chain stands', () => {
    const gun = open({ file: 'mine' });
    const node = gun.get('s');
    const field = node.get('k');
    expect(node._).to.include({ soul: 's', get: 's', has: undefined });
    expect(field._).to.include({ soul: undefined, get: 'k', has: 'k' });
    expect(field._.back).to.equal(node._);
    expect(field._.root).to.equal(gun._);
    expect(gun._.back).to.equal(undefined);
    expect(gun._.$).to.equal(gun);
    expect(field._.opt.file).to.equal('mine');
    expect(gun._.id).to.not.equal(node._.id);
    expect(gun._.put).to.equal(undefined);
    expect(node.map()._.place).to.equal(undefined);
  });
});
