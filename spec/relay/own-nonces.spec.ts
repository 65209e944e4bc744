import { expect } from 'chai';
import { OwnNonces } from '../../relay/own-nonces.ts';

describe('relay.own-nonces', () => {
  it('are 32 bytes, never the same, and known again', () => {
    const nonces = new OwnNonces();
    const made = Array.from({ length: 100 }, () => nonces.next());
    expect(new Set(made.map((nonce) => nonce.join())).size).to.equal(100);
    for (const nonce of made) expect([nonce.length, nonces.has(nonce)]).to.deep.equal([32, true]);
  });

  it('are not taken for those of others, or for what resembles them', () => {
    const nonces = new OwnNonces();
    expect(nonces.has(new OwnNonces().next())).to.equal(false);
    expect(nonces.has(new Uint8Array(32))).to.equal(false);
    for (const at of [0, 15, 16, 31]) {
      const changed = nonces.next();
      changed[at]! ^= 1;
      expect(nonces.has(changed), `byte ${at}`).to.equal(false);
    }
  });
});
