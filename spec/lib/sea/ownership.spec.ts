import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  accountSoul,
  aliasSoul,
  isForgotten,
  isSpecialSoul,
  ownerOf,
  protectionOf,
} from '../../../lib/sea/ownership.ts';
import { ODD_NAMES, seeded } from '../../support/arbitraries.ts';
import { SEA_VECTORS } from '../../support/sea-vectors.ts';

const { pub } = SEA_VECTORS.pairs.alice;

describe('sea ownerOf', () => {
  it('finds the owner that SEA finds', () => {
    let replayed = 0;
    for (const { soul, pub: owner } of SEA_VECTORS.primitives.pub_of_soul) {
      expect(ownerOf(soul) ?? null, soul).to.equal(owner);
      replayed += 1;
    }
    expect(replayed).to.equal(13);
  });

  it('reads the first of several marks and cuts where no key goes on', () => {
    expect(ownerOf(`foo~${pub}/bar`)).to.equal(pub);
    expect(ownerOf(`foo~${pub}~${SEA_VECTORS.pairs.bob.pub}`)).to.equal(pub);
    expect(ownerOf(`~${pub}é`)).to.equal(pub);
    expect(ownerOf('x~@y.z')).to.equal('.y');
    expect(ownerOf('a~b c')).to.equal('b.c');
    expect(ownerOf('~a.')).to.equal('a.');
    for (const none of ['~', 'a~', '~~', '~~a.b', '~a', 'a.b'])
      expect(ownerOf(none), none).to.equal(undefined);
  });

  it('agrees with a split at every mark, whatever the soul', () => {
    const soul = fc.string({
      unit: fc.constantFrom('~', '.', '@', 'a', '-', '_', ' ', '/', '😀', 'Z9'),
      maxLength: 9,
    });
    fc.assert(
      fc.property(soul, (name) => {
        const parts = (name.split('~')[1] ?? '').split(/[^\w-]/).slice(0, 2);
        expect(ownerOf(name)).to.equal(parts.length === 2 ? parts.join('.') : undefined);
      }),
      seeded(500),
    );
  });
});

describe('sea protectionOf', () => {
  it('tests in the order of SEA', () => {
    const kinds: [string, string][] = [
      ['~@', 'aliases'],
      ['~@alice', 'accounts'],
      ['~@x.y', 'accounts'],
      [`~@${pub}`, 'accounts'],
      [`~${pub}`, 'owned'],
      [`~${pub}/x#`, 'owned'],
      [`#~${pub}`, 'owned'],
      [`#~@${pub}`, 'owned'],
      ['~abc#', 'owned'],
      ['#', 'hashed'],
      ['a#b', 'hashed'],
      ['~abc', 'open'],
      ['~', 'open'],
      ['@', 'open'],
      ['', 'open'],
    ];
    for (const [soul, kind] of kinds) expect(protectionOf(soul).kind, soul).to.equal(kind);
  });

  it('leaves every name open that holds no mark, built-in ones too', () => {
    for (const name of ODD_NAMES.filter((each) => !each.includes('#'))) {
      expect(protectionOf(name).kind, JSON.stringify(name)).to.equal('open');
      expect(isSpecialSoul(name)).to.equal(false);
    }
  });

  it('is open for every soul that is not special', () => {
    const soul = fc.string({ unit: fc.constantFrom('~', '#', '<', '?', '@', '.', 'a', '9'), maxLength: 6 });
    fc.assert(
      fc.property(soul, fc.double(), fc.double(), (name, state, now) => {
        if (isSpecialSoul(name)) return;
        expect(protectionOf(name).kind).to.equal('open');
        expect(isForgotten(name, state, now)).to.equal(false);
      }),
      seeded(500),
    );
  });
});

describe('sea souls', () => {
  it('of accounts and aliases are named as SEA names them', () => {
    expect(accountSoul(pub)).to.equal(`~${pub}`);
    expect(aliasSoul('alice')).to.equal('~@alice');
  });

  it('with seconds are forgotten when they are older', () => {
    expect(isForgotten('a<?9', 990_999, 1_000_000)).to.equal(true);
    expect(isForgotten('a<?9', 991_000, 1_000_000)).to.equal(false);
    expect(isForgotten('a<?0.5x<?99', 999_499, 1_000_000)).to.equal(true);
    expect(isForgotten('a<?99<?1', 990_000, 1_000_000)).to.equal(false);
    for (const soul of ['a', 'a<9', 'a<?', 'a<?x', 'a<?0', 'a<?Infinity']) {
      expect(isForgotten(soul, 0, 1_000_000), soul).to.equal(false);
    }
  });
});
