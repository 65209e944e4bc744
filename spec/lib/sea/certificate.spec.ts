import { expect } from 'chai';
import {
  asCertificate,
  certificateFault,
  certificateText,
  certificateTexts,
  certify,
  parseCertificate,
  writeBlockOf,
  type Certificate,
  type GuestWrite,
  type Terms,
} from '../../../lib/sea/certificate.ts';
import { nameRefusal, REFUSAL } from '../../../lib/sea/refusals.ts';
import { verify } from '../../../lib/sea/signature.ts';
import { codeOf } from '../../support/code-of.ts';
import { AFTER_ALL, SEA_VECTORS } from '../../support/sea-vectors.ts';

const { alice, bob, carol } = SEA_VECTORS.pairs;
const S = Buffer.alloc(64, 7).toString('base64');

function withTerms(m: Record<string, unknown>): Certificate {
  return { m, s: S };
}

/** What a certificate of these terms says about bob's write to a path below alice's account. */
function faultAt(
  m: Record<string, unknown>,
  path: string,
  key: string,
  change: Partial<GuestWrite> = {},
  now = 1,
): string {
  const soul = `~${alice.pub}${path === '' ? '' : `/${path}`}`;
  const write = { soul, key, state: 1, owner: alice.pub, guest: bob.pub, ...change };
  return certificateFault(withTerms({ c: bob.pub, ...m }), write, now) ?? 'none';
}

/** The same for a certificate that ends at `e`. */
function expiring(e: unknown, state: number, now: number): string {
  return faultAt({ e, w: 'k' }, '', 'k', { state }, now);
}

function blockOf(wb: unknown): ReturnType<typeof writeBlockOf> {
  return writeBlockOf(withTerms({ wb }), alice.pub, bob.pub);
}

describe('sea certify', () => {
  it('issues what the recorded certificates say', async () => {
    const terms: Record<string, Terms> = {
      bob_inbox: { guests: bob.pub, write: { '*': 'inbox' } },
      all_inbox: { guests: '*', write: { '*': 'inbox' } },
      list_bob_carol: { guests: [bob.pub, carol.pub], write: { '*': 'inbox' } },
      list_all: { guests: [bob.pub, '*'], write: { '*': 'inbox' } },
      bob_text_policy: { guests: [bob.pub], write: 'inbox' },
      bob_hash_dot: { guests: bob.pub, write: { '#': { '*': 'inbox' }, '.': { '*': 'm' } } },
      bob_plus_order: { guests: '*', write: { '+': '*', '*': 'inbox' } },
      bob_expired: { guests: bob.pub, write: { '*': 'inbox' }, expires: 1_749_999_999_999 },
      bob_rw_blocks: {
        guests: bob.pub,
        read: { '*': 'inbox' },
        write: { '*': 'inbox' },
        readBlock: 'rblock',
        writeBlock: 'wblock',
      },
      bob_read_only: { guests: bob.pub, read: { '*': 'inbox' } },
      bob_array_policy: { guests: bob.pub, write: ['alpha', { '*': 'inbox' }] },
    };
    for (const [name, each] of Object.entries(terms)) {
      const issued = await certify(each, alice);
      const recorded = JSON.parse(SEA_VECTORS.certificates[name]!.slice(3)) as { m: unknown };
      expect(await verify(issued, alice.pub), name).to.deep.equal({ ok: true, value: recorded.m });
    }
  });

  it('sorts keys, so that gun in Node verifies it too', async () => {
    const issued = await certify(
      { guests: '*', write: { '+': '*', '*': 'x' }, writeBlock: 'b', readBlock: 'a' },
      alice,
    );
    expect(issued).to.match(/^SEA\{"m":\{"c":"\*","rb":"a","w":\{"\*":"x","\+":"\*"\},"wb":"b"\},"s":/);
  });

  it('throws without guests or policies', async () => {
    expect(await codeOf(certify({ guests: [], write: 'x' }, alice))).to.equal('SEA_BAD_INPUT');
    expect(await codeOf(certify({ guests: 'bob', write: 'x' }, alice))).to.equal('SEA_BAD_INPUT');
    expect(await codeOf(certify({ guests: '*' }, alice))).to.equal('SEA_BAD_INPUT');
    expect(await codeOf(certify({ guests: '*', write: 'x' }, { pub: 'x', priv: 'y' }))).to.equal(
      'SEA_BAD_KEY',
    );
  });
});

describe('sea parseCertificate', () => {
  it('reads texts and objects', () => {
    for (const [name, text] of Object.entries(SEA_VECTORS.certificates)) {
      const certificate = parseCertificate(text)!;
      expect(certificateText(certificate), name).to.equal(text);
      expect(parseCertificate(certificate)).to.deep.equal(certificate);
      expect(asCertificate(text)).to.equal(undefined);
    }
  });

  it('refuses everything else', () => {
    for (const odd of [
      '',
      'x',
      null,
      5,
      [],
      {},
      { m: {} },
      { m: {}, s: 'x' },
      { m: 'x', s: S },
      { m: {}, s: S, x: 1 },
    ]) {
      expect(parseCertificate(odd), JSON.stringify(odd)).to.equal(undefined);
    }
  });
});

describe('sea certificateTexts', () => {
  it('are those that browsers and Node may have signed', () => {
    const received = withTerms({ wb: 'b', w: { '+': '*', '*': 'x' }, rb: 'a', z: 1, c: '*' });
    expect([...certificateTexts(received)]).to.deep.equal([
      '{"wb":"b","w":{"+":"*","*":"x"},"rb":"a","z":1,"c":"*"}',
      '{"c":"*","w":{"+":"*","*":"x"},"rb":"a","wb":"b","z":1}',
      '{"c":"*","rb":"a","w":{"*":"x","+":"*"},"wb":"b","z":1}',
    ]);
    expect([...certificateTexts(withTerms({ c: '*', w: 'x' }))]).to.have.length(1);
  });
});

describe('sea certificateFault', () => {
  it('compares the expiry with the state and with the clock', () => {
    expect(expiring(10, 10, 10)).to.equal('none');
    expect(expiring('10.5', 10, 10)).to.equal('none');
    expect(expiring(10, 11, 5)).to.equal(REFUSAL.expired);
    expect(expiring(10, 5, 11)).to.equal(REFUSAL.expired);
    for (const odd of [null, 'soon', {}, [], true])
      expect(expiring(odd, 1, 1), JSON.stringify(odd)).to.equal(REFUSAL.expired);
    expect(expiring(undefined, AFTER_ALL, AFTER_ALL)).to.equal('none');
  });

  it('wants the guest, everybody, or a list of these', () => {
    for (const c of [bob.pub, '*', [carol.pub, bob.pub], [carol.pub, '*']]) {
      expect(faultAt({ c, w: 'k' }, '', 'k')).to.equal('none');
    }
    for (const c of [
      carol.pub,
      `${bob.pub}*`,
      '',
      [],
      [carol.pub],
      [[bob.pub]],
      null,
      undefined,
      {},
      5,
      { 0: '*' },
    ]) {
      expect(faultAt({ c, w: 'k' }, '', 'k'), JSON.stringify(c)).to.equal(REFUSAL.certificate);
    }
  });

  it('wants a policy to write', () => {
    for (const w of [undefined, null, [], {}, 5, '', [5], [['k']], { '=': 5 }, { '#': 5 }, { '+': '*' }]) {
      expect(faultAt({ w, r: 'k' }, '', 'k'), JSON.stringify(w)).to.equal(REFUSAL.certificate);
    }
  });

  it('matches path and key as one text', () => {
    expect(faultAt({ w: 'inbox/k' }, 'inbox', 'k')).to.equal('none');
    expect(faultAt({ w: 'inbox' }, 'inbox', 'k')).to.equal(REFUSAL.certificate);
    expect(faultAt({ w: { '*': 'in' } }, 'inbox', 'k')).to.equal('none');
    expect(faultAt({ w: { '*': 'in' } }, '', 'inner')).to.equal('none');
    expect(faultAt({ w: { '*': 'in' } }, 'a/inbox', 'k')).to.equal(REFUSAL.certificate);
    expect(faultAt({ w: { '>': 'a', '<': 'c' } }, 'b', 'k')).to.equal('none');
    expect(faultAt({ w: ['x', { '=': 'inbox/k' }] }, 'inbox', 'k')).to.equal('none');
  });

  it('wants path and key to match where a policy names both', () => {
    const both = { w: { '#': { '*': 'inbox' }, '.': { '*': 'm' } } };
    expect(faultAt(both, 'inbox', 'm1')).to.equal('none');
    expect(faultAt(both, 'inbox', 'z1')).to.equal(REFUSAL.certificate);
    expect(faultAt(both, 'other', 'm1')).to.equal(REFUSAL.certificate);
    const path = { w: { '#': 'inbox' } };
    expect(faultAt(path, 'inbox', 'any')).to.equal('none');
    expect(faultAt(path, 'inbox/x', 'any')).to.equal(REFUSAL.certificate);
    expect(faultAt(path, '', 'inbox')).to.equal('none');
    const key = { w: { '.': 'm' } };
    expect(faultAt(key, 'anywhere', 'm')).to.equal('none');
    expect(faultAt(key, 'anywhere', 'z')).to.equal(REFUSAL.certificate);
  });

  it('wants the name of the guest where a policy has a plus', () => {
    const plus = { w: { '*': 'inbox', '+': '*' } };
    expect(faultAt(plus, 'inbox', 'k')).to.equal(nameRefusal('inbox', 'k', bob.pub));
    expect(faultAt(plus, 'inbox', `k${bob.pub}`)).to.equal('none');
    expect(faultAt(plus, `inbox/${bob.pub}`, 'k')).to.equal('none');
    expect(faultAt(plus, 'inbox', `k${carol.pub}`)).to.equal(nameRefusal('inbox', `k${carol.pub}`, bob.pub));
    expect(faultAt(plus, '', 'inbox')).to.equal('none');
    expect(faultAt({ w: { '*': 'inbox', '+': 'x' } }, 'inbox', 'k')).to.equal('none');
    expect(faultAt({ w: { '*': 'inbox', '+': ['*'] } }, 'inbox', 'k')).to.equal(
      nameRefusal('inbox', 'k', bob.pub),
    );
  });
});

describe('sea writeBlockOf', () => {
  it('takes a text for a path below the account, and the link there for its place', () => {
    expect(blockOf('wblock')).to.deep.equal({
      record: { soul: `~${alice.pub}/wblock`, key: bob.pub },
      link: { soul: `~${alice.pub}`, key: 'wblock' },
    });
  });

  it('takes a soul as it is', () => {
    const expected = { record: { soul: '~x.y/z', key: bob.pub }, link: undefined };
    expect(blockOf('~x.y/z')).to.deep.equal(expected);
    expect(blockOf({ '#': '~x.y/z' })).to.deep.equal(expected);
  });

  it('takes nothing else', () => {
    for (const wb of [undefined, null, '', 5, {}, { '#': 5 }, { '#': '' }, []]) {
      expect(blockOf(wb), JSON.stringify(wb)).to.equal(undefined);
    }
  });
});
