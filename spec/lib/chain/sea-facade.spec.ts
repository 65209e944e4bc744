import { expect } from 'chai';
import { SEA } from '../../../lib/chain/sea-facade.ts';

describe('SEA of a chain', () => {
  it('signs and verifies, seals and opens, by promise and by callback', async () => {
    const pair = await SEA.pair();
    const other = await SEA.pair();
    const signed = await SEA.sign({ a: 1 }, pair);
    expect(await SEA.verify(signed, pair)).to.deep.equal({ a: 1 });
    expect(await SEA.verify(signed, pair.pub)).to.deep.equal({ a: 1 });
    expect(await SEA.verify(signed, false)).to.deep.equal({ a: 1 });
    const secret = (await SEA.secret(other, pair))!;
    expect(await SEA.secret(pair.epub, other)).to.equal(secret);
    const sealed = await SEA.encrypt('hi', secret);
    const opened = await new Promise((resolve) => void SEA.decrypt(sealed, secret, resolve));
    expect(opened).to.equal('hi');
    expect(await SEA.decrypt(await SEA.encrypt([1], pair), pair)).to.deep.equal([1]);
  });

  it('gives undefined for what cannot be done, and says why', async () => {
    const pair = await SEA.pair();
    const other = await SEA.pair();
    expect(await SEA.verify(await SEA.sign('a', pair), other.pub)).to.equal(undefined);
    expect(SEA.err).to.be.a('string');
    expect(await SEA.decrypt(await SEA.encrypt('a', 'key'), 'other')).to.equal(undefined);
    expect(await SEA.secret('no key', pair)).to.equal(undefined);
    await SEA.pair();
    expect(SEA.err).to.equal(undefined);
  });

  it('hashes, stretches passwords and certifies with the names of gun', async () => {
    expect(await SEA.work('hello', null, null, { name: 'SHA-256', encode: 'hex' })).to.equal(
      '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    );
    const quick = { iterations: 10, length: 256 };
    expect(await SEA.work('pass', 'salt', null, quick)).to.equal(await SEA.work('pass', 'salt', null, quick));
    expect((await SEA.work('pass', 'salt', null, quick))!.length).to.equal(44);
    const owner = await SEA.pair();
    const certificate = await SEA.certify(['*'], { write: 'inbox' }, owner, null, {
      expiry: 5,
      block: 'blocked',
    });
    expect(certificate).to.match(/^SEA\{/);
    expect(await SEA.verify(certificate, owner)).to.include({ c: '*', e: 5, w: 'inbox', wb: 'blocked' });
  });
});
