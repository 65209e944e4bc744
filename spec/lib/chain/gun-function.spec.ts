import { expect } from 'chai';
import { useChains } from '../../support/chains.ts';

/** An extension of every chain. */
function shout(this: { get(key: string): unknown }, key: string): unknown {
  return this.get(key.toUpperCase());
}

describe('the function Gun', () => {
  const { Gun, open } = useChains();

  it('makes graphs with and without new, and knows its chains', async () => {
    const made = new Gun();
    expect(made).to.be.instanceOf(Gun);
    expect(open().get('s')).to.be.instanceOf(Gun);
    expect(Gun.is(made)).to.equal(true);
    expect(Gun.is(made.get('s').map())).to.equal(true);
    for (const other of [null, 1, 'a', {}, { _: {} }, () => 1]) expect(Gun.is(other)).to.equal(false);
    await made.close();
  });

  it('carries what apps use', () => {
    expect(Gun.valid({ '#': 's' })).to.equal('s');
    expect(Gun.state()).to.be.a('number');
    expect(Gun.version).to.equal(0.202);
    expect(Gun.text.random(4).length).to.equal(4);
    expect(Gun.text.match('abc', { '*': 'a' })).to.equal(true);
    expect(Gun.obj.plain({})).to.equal(true);
    expect(Gun.log('a', 1)).to.equal('a 1');
    expect(Gun.SEA).to.have.property('pair');
    expect(open().user()).to.be.instanceOf(Gun.User);
  });

  it('lets extensions add methods to every chain', () => {
    const chain = Gun.chain as unknown as Record<string, unknown>;
    chain['shout'] = shout;
    try {
      const gun = open() as unknown as { shout(key: string): { _: { get: string } } };
      expect(gun.shout('abc')._.get).to.equal('ABC');
    } finally {
      delete chain['shout'];
    }
  });
});
