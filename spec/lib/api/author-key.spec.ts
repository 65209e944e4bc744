import { expect } from 'chai';
import { fastSigner, storedKey } from '../../../lib/api/author-key.ts';
import { stored } from '../../../lib/api/stored-keeper.ts';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { keyOf } from '../../support/author-apps.ts';
import { Owners } from '../../support/storage-owners.ts';
import { SmallKeeper } from '../../support/small-keeper.ts';

describe('keys of authors', () => {
  it('sign with the same bytes by Web Crypto and without it', async () => {
    const pair = keyOf(7);
    const signer = await fastSigner(pair);
    expect(signer).to.not.equal(pair);
    expect(signer.publicKey).to.deep.equal(pair.publicKey);
    for (const length of [0, 1, 300]) {
      const message = new Uint8Array(length).fill(length);
      expect(await signer.sign(message)).to.deep.equal(pair.sign(message));
    }
  });

  it('sign by themselves where Web Crypto does not know the algorithm', async () => {
    const { crypto } = globalThis;
    const without = {
      subtle: { importKey: async () => Promise.reject(new DOMException('no', 'NotSupportedError')) },
    };
    Object.defineProperty(globalThis, 'crypto', { value: without, configurable: true });
    try {
      const pair = keyOf(7);
      expect(await fastSigner(pair)).to.equal(pair);
    } finally {
      Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true });
    }
  });

  it('are made once for all owners of a storage', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const owners = new Owners();
    const keepers = [stored(owners.join(storage)), stored(owners.join(storage))];
    for (const keeper of keepers) await keeper.open();
    const [one, other] = await Promise.all(keepers.map(storedKey));
    expect(one!.id).to.equal(other!.id);
  });

  it('are not made when the storage fails', async () => {
    const app = await new SmallKeeper().open();
    app.storage.fails = (operation) => operation === 'commit';
    const error: unknown = await storedKey(app.keeper).catch((reason: unknown) => reason);
    expect(error).to.have.property('code', 'STORAGE_FAILED');
    app.storage.fails = () => false;
    const pair = await storedKey(app.keeper);
    expect((await storedKey(app.keeper)).id).to.equal(pair.id);
  });
});
