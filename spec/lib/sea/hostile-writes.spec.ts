/** Behaviour of lib/sea against those who write what is not theirs, or spell anew what is not theirs. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import {
  certify,
  parseCertificate,
  SeaChecker,
  saysTheSame,
  signWrite,
  sign,
} from '../../../lib/sea/index.ts';
import { REFUSAL } from '../../../lib/sea/refusals.ts';
import { aName, seeded } from '../../support/arbitraries.ts';
import { envelopeOf, otherHalf, textOf, withFields, withText } from '../../support/sea-envelopes.ts';
import { AFTER_ALL, caseNamed, SEA_VECTORS, writeOfCase } from '../../support/sea-vectors.ts';

const { alice, bob } = SEA_VECTORS.pairs;
const SOUL = `~${alice.pub}`;
const STATE = 1_750_000_000_000;
const PLACE = { soul: SOUL, key: 'k', state: STATE };

let own: FieldWrite;
let guest: FieldWrite;

/** What a fresh checker says. */
async function verdict(write: FieldWrite): Promise<string> {
  const answer = await new SeaChecker(DEFAULT_LIMITS).check([write], AFTER_ALL, () => undefined);
  return answer.ok ? 'accepted' : answer.reason;
}

/** Makes the writes that are changed; registered in each group, because others must not depend on it. */
async function makeWrites(): Promise<void> {
  own = await signWrite(PLACE, 'v', alice);
  const certificate = parseCertificate(await certify({ guests: bob.pub, write: { '*': 'k' } }, alice))!;
  guest = await signWrite(PLACE, 'v', bob, { certificate });
}

describe('sea against replays', () => {
  before(makeWrites);

  it('takes a signature nowhere but at its own soul, key, value and state', async () => {
    expect(await verdict(own)).to.equal('accepted');
    const moved = [
      { ...own, key: 'l' },
      { ...own, key: 'k ' },
      { ...own, soul: `${SOUL}/x` },
      { ...own, soul: `x${SOUL}` },
      { ...own, soul: `~${bob.pub}` },
      { ...own, state: STATE + 1 },
      { ...own, state: STATE - 1 },
      { ...own, state: STATE + 0.001 },
      withFields(own, { ':': 'w' }),
      withFields(own, { ':': null }),
      withFields(own, { ':': ['v'] }),
      withFields(own, { ':': { '#': 'v' } }),
    ];
    for (const write of moved)
      expect(await verdict(write), JSON.stringify(write)).to.equal(REFUSAL.unverified);
  });

  it('takes a guest nowhere but where guest and certificate agree', async () => {
    expect(await verdict(guest)).to.equal('accepted');
    expect(await verdict({ ...guest, key: 'kk' })).to.equal(REFUSAL.unverified);
    expect(await verdict(withFields(guest, { '*': alice.pub }))).to.equal(REFUSAL.unverified);
    expect(await verdict(withFields(guest, { '*': SEA_VECTORS.pairs.carol.pub }))).to.equal(
      REFUSAL.unverified,
    );
    expect(await verdict(withFields(own, { '*': bob.pub }))).to.equal(REFUSAL.unverified);
    expect(await verdict(withFields(own, { '+': envelopeOf(guest)['+'] }))).to.equal(REFUSAL.unverified);
  });

  it('takes no writer without a certificate at his word', async () => {
    const byBob = await signWrite(PLACE, 'v', bob);
    expect(await verdict(withFields(byBob, { '*': bob.pub }))).to.equal(REFUSAL.unverified);
    const selfMade = parseCertificate(await certify({ guests: '*', write: { '*': '' } }, bob))!;
    expect(await verdict(await signWrite(PLACE, 'v', bob, { certificate: selfMade }))).to.equal(
      REFUSAL.certificate,
    );
  });

  it('takes no changed terms', async () => {
    const { m, s } = envelopeOf(guest)['+'] as { m: Record<string, unknown>; s: string };
    for (const terms of [{ ...m, c: '*' }, { ...m, w: { '*': '' } }, { ...m, e: AFTER_ALL + 1 }, {}]) {
      const write = withFields(guest, { '+': { m: terms, s } });
      expect(await verdict(write), JSON.stringify(terms)).to.equal(REFUSAL.certificate);
    }
  });

  it('takes no application signature for a value', async () => {
    const text = JSON.stringify({ '#': SOUL, '.': 'k', ':': 'v', '>': STATE });
    expect(await verdict(withText(own, await sign(text, alice)))).to.equal(REFUSAL.unverified);
    const early = { ...own, state: 1_500_000_000_000 };
    expect(await verdict(withText(early, await sign(text, alice)))).to.equal(REFUSAL.unverified);
    expect(await verdict(withText(own, await sign('v', alice)))).to.equal(REFUSAL.unverified);
  });
});

describe('sea against other spellings', () => {
  before(makeWrites);

  it('takes the other half of a signature for the same content', async () => {
    const respelled = withFields(own, { '~': otherHalf(envelopeOf(own)['~'] as string) });
    expect(respelled.json).to.not.equal(own.json);
    expect(await verdict(respelled)).to.equal('accepted');
    expect(saysTheSame(SOUL, 'k', own, respelled)).to.equal(true);
  });

  it('takes another order of fields and single spaces for the same content', async () => {
    for (const name of ['envelope fields in other order', 'envelope with spaces']) {
      const write = writeOfCase(caseNamed(name));
      const { ':': value, '~': signature } = envelopeOf(write);
      const plain = withText(write, JSON.stringify({ ':': value, '~': signature }));
      expect(await verdict(write)).to.equal('accepted');
      expect(saysTheSame(write.soul, write.key, write, plain), name).to.equal(true);
    }
  });

  it('takes no other base64, fields, escapes, digits or padding', async () => {
    const { ':': value, '~': signature } = envelopeOf(own) as Record<string, string>;
    const text = textOf(own);
    const odd = [
      text.replace('==', ''),
      text.replace('==', '='),
      text.replaceAll('+', '-').replaceAll('/', '_').replace('==', ''),
      JSON.stringify({ ':': value, '~': `${signature} ` }),
      JSON.stringify({ ':': value, '~': Buffer.from(signature!, 'base64').toString('hex') }),
      JSON.stringify({ ':': value, '~': signature, x: 1 }),
      JSON.stringify({ ':': value, '~': signature, '+': null }),
      JSON.stringify({ ':': value, '~': signature, '*': null }),
      text.replace('"v"', '"\\u0076"'),
      text.replace('{', '{"__proto__":null,'),
      text.replace('{', '{":":"w",'),
      `${text} `,
      ` ${text}`,
      `\n${text}`,
      text.replace(',', ',  '),
      text.replace(',', ',\t'),
      `SEA${text}`,
      `[${text}]`,
    ];
    for (const each of odd) expect(await verdict(withText(own, each)), each).to.equal(REFUSAL.unverified);
  });

  it('takes no spelling of a certificate but an order of its keys', async () => {
    const plus = envelopeOf(guest)['+'] as { m: object; s: string };
    for (const odd of [
      { ...plus, x: 1 },
      { ...plus, s: plus.s.replace('==', '') },
      [plus],
      JSON.stringify(plus),
    ]) {
      expect(await verdict(withFields(guest, { '+': odd })), JSON.stringify(odd)).to.equal(
        REFUSAL.unverified,
      );
    }
    expect(await verdict(withFields(guest, { '+': { s: plus.s, m: plus.m } }))).to.equal('accepted');
  });

  it('takes nothing that is nested without end', async () => {
    const deep = '['.repeat(1_000_000);
    for (const text of [
      deep,
      `SEA{${deep}`,
      `{":":${deep}`,
      `{":":"v","~":${deep}`,
      '{"":'.repeat(500_000),
    ]) {
      expect(await verdict(withText(own, text))).to.equal(REFUSAL.unverified);
    }
  });

  it('takes no text that a stranger changes anywhere', async () => {
    const text = textOf(own);
    const change = fc.record({
      at: fc.nat(text.length - 1),
      drop: fc.nat(3),
      add: fc.oneof(
        fc.constantFrom('', ' ', '"', '\\', '{', '}', ',', 'A', '=', '0'),
        fc.string({ maxLength: 2 }),
      ),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, drop, add }) => {
        const changed = withText(own, text.slice(0, at) + add + text.slice(at + drop));
        if (textOf(changed) === text || (await verdict(changed)) !== 'accepted') return;
        expect(saysTheSame(SOUL, 'k', own, changed), textOf(changed)).to.equal(true);
      }),
      seeded(150),
    );
  });
});

describe('sea against tricks with souls', () => {
  it('lets nobody write by another name of a soul', async () => {
    const souls = [
      `foo~${alice.pub}/bar`,
      `~${alice.pub}~${bob.pub}`,
      `~${alice.pub}/~${bob.pub}`,
      `~${alice.pub}#`,
      `#~${alice.pub}`,
      `~${alice.pub}<?9`,
      `~${alice.pub}\u0000`,
      `~${alice.pub} `,
      'x~@y.z',
      '~a.b',
      'a~b c',
      '~.',
      '~__proto__.constructor',
    ];
    for (const soul of souls) {
      const place = { soul, key: 'k', state: AFTER_ALL };
      expect(await verdict(writeOf(soul, 'k', AFTER_ALL, 'v')), soul).to.equal(REFUSAL.unverified);
      expect(await verdict(await signWrite(place, 'v', bob)), soul).to.equal(REFUSAL.unverified);
      const isHers = soul.includes(alice.pub);
      const hers = await verdict(await signWrite(place, 'v', alice));
      expect(hers, soul).to.equal(isHers ? 'accepted' : REFUSAL.unverified);
    }
  });

  it('takes a soul with two owners for that of the first', async () => {
    const place = { soul: `~${bob.pub}~${alice.pub}`, key: 'k', state: STATE };
    expect(await verdict(await signWrite(place, 'v', alice))).to.equal(REFUSAL.unverified);
    expect(await verdict(await signWrite(place, 'v', bob))).to.equal('accepted');
  });

  it('takes keys that are none for owners of nothing', async () => {
    const [x = '', y = ''] = alice.pub.split('.');
    for (const pub of [`${y}.${x}`, `${x}.${x}`, `${'A'.repeat(43)}.${'A'.repeat(43)}`, `${x}.${y}A`]) {
      const write = await signWrite({ soul: `~${pub}`, key: 'k', state: STATE }, 'v', alice);
      expect(await verdict(write), pub).to.equal(REFUSAL.unverified);
    }
  });

  it('leaves open what SEA leaves open', async () => {
    for (const soul of ['~abc', '~', '~~a.b', 'a~', '@x', 'pub', '.']) {
      expect(await verdict(writeOf(soul, 'k', STATE, 'v')), soul).to.equal('accepted');
    }
  });

  it('never throws, whatever the names and the text', async () => {
    const text = fc.oneof(
      fc.json(),
      fc.json().map((json) => `SEA{"m":${json},"s":""}`),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(aName(), aName(), text, fc.boolean(), async (name, key, value, isHers) => {
        const write = writeOf(isHers ? `${SOUL}/${name}` : `~${name}#`, key, STATE, value);
        expect(await verdict(write)).to.be.a('string');
      }),
      seeded(200),
    );
  });
});
