import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { encodeDelta } from '../../../lib/store/delta-codec.ts';
import { keyOfSoul, mayWrite } from '../../../lib/store/key-soul.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { authorOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged } from '../../support/logged-store.ts';

const key = toHex(authorOf(1).publicKey);

describe('store.key-soul', () => {
  it('finds the key that a soul belongs to', () => {
    expect(keyOfSoul(`@${key}/profile`)).to.equal(key);
    expect(keyOfSoul(`@${key}/`)).to.equal(key);
    for (const soul of [
      '',
      '@',
      `@${key}`,
      `${key}/a`,
      `~@${key}/a`,
      `@${key.toUpperCase()}/a`,
      `@${key}0/a`,
      '@alias/a',
    ]) {
      expect(keyOfSoul(soul), soul).to.equal(undefined);
    }
  });

  it('lets that key alone write it', () => {
    expect(mayWrite(`@${key}/a`, key)).to.equal(true);
    expect(mayWrite(`@${key}/a`, undefined)).to.equal(false);
    expect(mayWrite(`@${key}/a`, key.replace('8', '9'))).to.equal(false);
    expect(mayWrite('anything', undefined)).to.equal(true);
  });

  it('is held by the writer: unsigned writes are refused whole, those signed by others are left out', async () => {
    const store = await openLogged();
    const soul = `@${key}/profile`;
    const unsigned = await store.small.put([writeOf('open', 'a', 1, 1), writeOf(soul, 'a', 9, 'mine')]);
    expect(unsigned.ok).to.equal(false);
    const body = encodeDelta('gun/put', [writeOf('open', 'a', 1, 1), writeOf(soul, 'a', 9, 'mine')]);
    if (!body.ok) throw new Error(body.reason);
    const changedBy = async (author: number): Promise<string[]> => {
      const outcome = await store.take(operationAfter(authorOf(author), undefined, body.value));
      return outcome.ok ? outcome.changed.map((write) => write.soul) : [outcome.reason];
    };
    expect(await changedBy(2)).to.deep.equal(['open']);
    expect(await changedBy(1)).to.deep.equal([soul]);
    await store.close();
  });
});
