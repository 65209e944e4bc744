import { expect } from 'chai';
import { GraphError } from '../../../lib/base/errors.ts';
import { hashOf, textOf, work } from '../../../lib/sea/work.ts';
import { SEA_VECTORS } from '../../support/sea-vectors.ts';

const { work_pbkdf2: stretched, work_sha: hashed } = SEA_VECTORS.primitives;

describe('sea work', () => {
  it('stretches a password as SEA does', async () => {
    expect(await work(stretched.data, stretched.salt)).to.equal(stretched.out_base64);
    const options = { iterations: stretched.iterations, bytes: stretched.bits / 8, hash: stretched.hash };
    expect(await work(stretched.data, stretched.salt, options)).to.equal(stretched.out_base64);
  });

  it('takes other measures and writes in other forms', async () => {
    const few = { iterations: 2, bytes: 3, hash: 'SHA-512' } as const;
    const base64 = await work('a', 'b', few);
    expect(Buffer.from(base64, 'base64').toString('hex')).to.equal(
      await work('a', 'b', { ...few, encoding: 'hex' }),
    );
    expect(Buffer.from(base64, 'base64').toString('latin1')).to.equal(
      await work('a', 'b', { ...few, encoding: 'utf8' }),
    );
    expect(await work('a', 'c', few)).to.not.equal(base64);
    expect(await work({ a: 1 }, 'b', few)).to.equal(await work('{"a":1}', 'b', few));
  });

  it('hashes data as SEA does', async () => {
    expect(hashed.length).to.equal(2);
    for (const { data, out_base64: hash } of hashed) expect(await hashOf(data)).to.equal(hash);
    expect(await hashOf('hello', 'hex')).to.equal(
      '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    );
  });

  it('refuses what JSON cannot hold', async () => {
    const error = await hashOf(undefined).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(GraphError).with.property('code', 'SEA_BAD_INPUT');
    expect(() => textOf(() => 1)).to.throw(GraphError);
  });
});
