/** Behaviour of lib/sea beside gun's own SEA: what one makes the other opens, in browsers' order of keys and in Node's. */
import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { failure, success, type Result } from '../../../lib/base/result.ts';
import type { Fields } from '../../../lib/graph/node.ts';
import type { Value } from '../../../lib/graph/value.ts';
import type { Entry, FieldWrite } from '../../../lib/graph/write.ts';
import {
  authenticate,
  certify,
  changePassword,
  createPair,
  createUser,
  decrypt,
  encrypt,
  hashOf,
  parseCertificate,
  plainValue,
  readPair,
  SeaChecker,
  secret,
  sign,
  signWrite,
  verify,
  work,
  type AccountGraph,
  type KeyPair,
} from '../../../lib/sea/index.ts';
import { SeaProcess } from '../../support/sea-process.ts';
import { AFTER_ALL } from '../../support/sea-vectors.ts';

const PASSWORD = 'password123';
const DATA: readonly unknown[] = [
  'hello',
  '',
  'é😀 "quoted" \\ \ud800',
  0,
  -1.5,
  1e21,
  true,
  null,
  ['a', 1],
  { b: 1, a: { d: [null], c: '' } },
  '{"b":1,"a":2}',
];
const VALUES: readonly Value[] = [
  'v',
  '',
  'é😀 “x” \ud800',
  5,
  0.1,
  1e21,
  true,
  false,
  null,
  { '#': 'a/b' },
  '{"a":1}',
];

/** A graph that is what gun holds, and that hands to gun what is put. */
function graphOf(gun: SeaProcess): AccountGraph {
  let last = 0;
  return {
    async readNode(soul): Promise<Fields> {
      const writes = await gun.dump(soul);
      return new Map<string, Entry>(writes.map(({ key, ...entry }) => [key, entry]));
    },
    async put(writes): Promise<Result<undefined>> {
      const taken = await gun.offer(...writes);
      return taken.length === writes.length ? success(undefined) : failure('gun did not take it');
    },
    nextState: () => (last = Math.max(last + 1, Date.now())),
  };
}

async function isBelieved(writes: readonly FieldWrite[]): Promise<boolean> {
  return (await new SeaChecker(DEFAULT_LIMITS).check(writes, AFTER_ALL, () => undefined)).ok;
}

for (const kind of ['browser', 'node'] as const) {
  describe(`sea beside gun's (${kind})`, () => {
    let gun: SeaProcess;
    let theirs: KeyPair;
    let ours: KeyPair;

    before(async () => {
      gun = new SeaProcess(kind);
      theirs = (await gun.call('pair')) as KeyPair;
      ours = await createPair();
    });

    after(() => gun.end());

    it('takes its keys', async () => {
      expect(await readPair(theirs)).to.deep.equal({ ok: true, value: theirs });
    });

    it('signs for it and verifies what it signs, with keys of either', async () => {
      for (const data of DATA) {
        for (const pair of [theirs, ours]) {
          const signed = await gun.call('sign', data, pair);
          const seen = await gun.call('verify', signed, pair.pub);
          expect(await verify(signed, pair.pub), JSON.stringify(data)).to.deep.equal({
            ok: true,
            value: seen,
          });
          expect(await gun.call('verify', await sign(data, pair), pair.pub)).to.deep.equal(seen);
        }
      }
    });

    it('seals for it and opens what it seals, the older form too', async () => {
      for (const data of DATA) {
        for (const key of ['a key', theirs, ours]) {
          const sealed = await gun.call('encrypt', data, key);
          const seen = await gun.call('decrypt', sealed, key);
          expect(await decrypt(sealed, key), JSON.stringify(data)).to.deep.equal({ ok: true, value: seen });
          expect(await gun.call('decrypt', await encrypt(data, key), key)).to.deep.equal(seen);
        }
      }
      const old = await gun.call('encrypt', 'old', 'a key', null, { encode: 'utf8', raw: true });
      expect(await decrypt(old, 'a key')).to.deep.equal({ ok: true, value: 'old' });
    });

    it('shares secrets with it', async () => {
      const shared = await gun.call('secret', ours.epub, theirs);
      expect(await secret(theirs.epub, ours)).to.deep.equal({ ok: true, value: shared });
      expect(await secret(ours.epub, theirs)).to.deep.equal({ ok: true, value: shared });
    });

    it('does the same work', async () => {
      for (const encoding of ['base64', 'hex', 'utf8'] as const) {
        const wanted = await gun.call('work', 'päss', 'sält', null, { encode: encoding });
        expect(await work('päss', 'sält', { encoding })).to.equal(wanted);
      }
      for (const data of ['', 'é😀', 5, null, { '#': 'a' }]) {
        const wanted = await gun.call('work', data, null, null, { name: 'SHA-256' });
        expect(await hashOf(data), JSON.stringify(data)).to.equal(wanted);
      }
    });

    it('writes values into user spaces that it takes', async () => {
      const soul = `~${ours.pub}/profile`;
      for (const [at, value] of VALUES.entries()) {
        const write = await signWrite({ soul, key: `k${at}`, state: 1_700_000_000_000.25 }, value, ours);
        expect(await gun.offer(write), JSON.stringify(value)).to.have.length(1);
      }
      const elsewhere = await signWrite({ soul, key: 'k', state: 1_700_000_000_000 }, 'v', ours);
      expect(await gun.offer({ ...elsewhere, key: 'l' })).to.have.length(0);
    });

    it('writes with its certificates, and it with ours', async () => {
      const soul = `~${ours.pub}/inbox`;
      const issued = [
        await gun.call('certify', theirs.pub, { '*': 'inbox' }, ours),
        await certify({ guests: theirs.pub, write: { '+': '*', '*': 'inbox' } }, ours),
      ];
      for (const [at, text] of issued.entries()) {
        const certificate = parseCertificate(text)!;
        const key = `${at}${theirs.pub}`;
        const write = await signWrite({ soul, key, state: 1_700_000_000_000 }, 'v', theirs, { certificate });
        expect(await isBelieved([write])).to.equal(true);
        expect(await gun.offer(write)).to.have.length(1);
      }
    });

    it('opens the accounts it makes, and it ours', async () => {
      const graph = graphOf(gun);
      const { pair } = await gun.create('theirs', PASSWORD);
      const soul = `~${(pair as KeyPair).pub}`;
      expect(await isBelieved([...(await gun.dump('~@theirs')), ...(await gun.dump(soul))])).to.equal(true);
      const opened = await authenticate(graph, 'theirs', PASSWORD);
      expect(opened).to.deep.equal({ ok: true, value: { alias: 'theirs', pair } });

      const user = await createUser(graph, { alias: 'ours', password: PASSWORD, pair: ours });
      expect(user).to.deep.equal({ ok: true, value: { alias: 'ours', pair: ours } });
      expect(await gun.auth('ours', PASSWORD)).to.deep.equal({ alias: 'ours', pair: ours });
    });

    it('changes passwords for it, and it for us', async () => {
      const graph = graphOf(gun);
      const opened = await authenticate(graph, 'theirs', PASSWORD);
      if (!opened.ok) throw new Error(opened.reason);
      expect((await changePassword(graph, opened.value, 'second password')).ok).to.equal(true);
      expect(await gun.auth('theirs', 'second password')).to.deep.include({ alias: 'theirs' });
      expect(await gun.auth('theirs', 'second password', 'third password')).to.deep.equal({});
      expect(await authenticate(graph, 'theirs', 'third password')).to.deep.equal(opened);
    });

    it('believes what its users put, on their own and as guests', async () => {
      await gun.auth('ours', PASSWORD);
      await gun.put(ours.pub, ['profile', 'name'], 'Al');
      const soul = `~${ours.pub}/profile`;
      const name = (await gun.dump(soul)).find(({ key }) => key === 'name')!;
      expect(plainValue(soul, 'name', name)).to.equal('Al');
      expect(await isBelieved(await gun.dump(soul))).to.equal(true);

      const certificate = await certify({ guests: ours.pub, write: { '*': 'guests' } }, theirs);
      await gun.put(theirs.pub, ['guests', 'note'], 'hi', certificate);
      const place = `~${theirs.pub}/guests`;
      const note = (await gun.dump(place)).find(({ key }) => key === 'note')!;
      expect(plainValue(place, 'note', note)).to.equal('hi');
      expect(await isBelieved(await gun.dump(place))).to.equal(true);
    });
  });
}
