import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { DEFAULT_LIMITS, limitsWith } from '../../../lib/base/limits.ts';
import type { Result } from '../../../lib/base/result.ts';
import { Slices } from '../../../lib/base/slices.ts';
import type { Value } from '../../../lib/graph/value.ts';
import { writeOf, type Entry, type FieldWrite } from '../../../lib/graph/write.ts';
import { certify, parseCertificate, type Terms } from '../../../lib/sea/certificate.ts';
import { SeaChecker } from '../../../lib/sea/checker.ts';
import { createPair } from '../../../lib/sea/keys.ts';
import { blockedRefusal, REFUSAL } from '../../../lib/sea/refusals.ts';
import { signWrite } from '../../../lib/sea/signed-value.ts';
import type { ReadStored } from '../../../lib/sea/verifier.ts';
import { ODD_NAMES } from '../../support/arbitraries.ts';
import { AFTER_ALL, SEA_VECTORS, writeOfCase } from '../../support/sea-vectors.ts';

type Answer = Result<readonly FieldWrite[]>;

const { alice, bob, carol } = SEA_VECTORS.pairs;
const SOUL = `~${alice.pub}`;
const STATE = 1_750_000_000_000;

/** A store that holds these writes. */
function storeOf(...writes: readonly FieldWrite[]): ReadStored {
  return (soul, key): Entry | undefined => writes.find((each) => each.soul === soul && each.key === key);
}

const EMPTY = storeOf();

function unreadable(): Promise<undefined> {
  return Promise.reject(new Error('no disk'));
}

function checker(): SeaChecker {
  return new SeaChecker(DEFAULT_LIMITS);
}

/** The answer of a check that must not need time. */
function atOnce(answer: ReturnType<SeaChecker['check']>): Answer {
  if (answer instanceof Promise) throw new Error('the check took time');
  return answer;
}

async function reasonOf(
  writes: FieldWrite | readonly FieldWrite[],
  store = EMPTY,
  now = AFTER_ALL,
): Promise<string> {
  const answer = await checker().check([writes].flat(), now, store);
  return answer.ok ? 'accepted' : answer.reason;
}

function signed(key: string, value: Value = 'v', pair = alice, soul = SOUL): Promise<FieldWrite> {
  return signWrite({ soul, key, state: STATE }, value, pair);
}

async function byGuest(terms: Terms, key = 'k', owner = alice, guest = bob): Promise<FieldWrite> {
  const certificate = parseCertificate(await certify(terms, owner))!;
  return signWrite({ soul: `~${alice.pub}/inbox`, key, state: STATE }, 'v', guest, { certificate });
}

const INBOX: Terms = { guests: bob.pub, write: { '*': 'inbox' } };

describe('sea SeaChecker', () => {
  it('decides every recorded case', async () => {
    let replayed = 0;
    for (const each of SEA_VECTORS.cases) {
      const answer = await checker().check([writeOfCase(each)], each.relay_clock ?? AFTER_ALL, EMPTY);
      expect(answer.ok ? 'accept' : 'reject', each.name).to.equal(each.relay_must);
      const { err } = each.real_relay;
      if (!answer.ok && err !== null) expect(answer.reason, each.name).to.equal(err);
      if (!answer.ok) expect(answer.reason, each.name).to.not.equal('');
      replayed += 1;
    }
    expect(replayed).to.equal(70);
  });

  it('decides them the same with a memory of all others', async () => {
    const one = checker();
    for (let round = 0; round < 2; round += 1) {
      for (const each of SEA_VECTORS.cases) {
        const answer = await one.check([writeOfCase(each)], each.relay_clock ?? AFTER_ALL, EMPTY);
        expect(answer.ok ? 'accept' : 'reject', `${each.name}, round ${round}`).to.equal(each.relay_must);
      }
    }
  });

  it('answers at once, with the very list, where nothing is protected', () => {
    const writes = ODD_NAMES.filter((name) => !name.includes('#')).map((name) =>
      writeOf(name, name, 1, name),
    );
    expect(atOnce(checker().check(writes, AFTER_ALL, EMPTY))).to.deep.equal({ ok: true, value: writes });
    const answer = atOnce(checker().check(writes, AFTER_ALL, EMPTY));
    expect(answer.ok && answer.value).to.equal(writes);
  });

  it('answers at once where no signature is needed', () => {
    const link = writeOf('~@alice', SOUL, 1, { '#': SOUL });
    const account = writeOf(SOUL, 'pub', 1, alice.pub);
    expect(atOnce(checker().check([link, account], AFTER_ALL, EMPTY)).ok).to.equal(true);
    expect(atOnce(checker().check([writeOf(SOUL, 'k', 1, 'v')], AFTER_ALL, EMPTY)).ok).to.equal(false);
  });

  it('refuses a message whole for one wrong write, wherever it stands', async () => {
    const good = await signed('good');
    const bad = { ...(await signed('bad')), key: 'worse' };
    const open = writeOf('open', 'k', 1, 1);
    expect(await reasonOf([good, open])).to.equal('accepted');
    for (const writes of [[bad], [bad, good, open], [open, good, bad], [good, bad, open]]) {
      expect(await reasonOf(writes)).to.equal(REFUSAL.unverified);
    }
    const many = await Promise.all(Array.from({ length: 30 }, (_, at) => signed(`k${at}`)));
    expect(await reasonOf(many)).to.equal('accepted');
    for (const at of [0, 7, 29]) expect(await reasonOf(many.with(at, bad))).to.equal(REFUSAL.unverified);
  });

  it('gives others a turn while it goes through a large message, and what is verified is no exception', async () => {
    const steps: number[] = [];
    let tasks: (() => void)[] = [];
    const slices = new Slices({ schedule: (task) => tasks.push(task), now: () => steps.push(1) });
    const one = new SeaChecker(DEFAULT_LIMITS, slices);
    const many = await Promise.all(Array.from({ length: 200 }, (_, at) => signed(`k${at}`)));
    const turns = async (checking: ReturnType<SeaChecker['check']>): Promise<number> => {
      let count = 0;
      const state = { isDone: false };
      void Promise.resolve(checking).then(() => (state.isDone = true));
      for (; !state.isDone; await setImmediate()) {
        const due = tasks;
        tasks = [];
        count += due.length;
        for (const task of due) task();
      }
      return count;
    };
    await turns(one.check(many, AFTER_ALL, EMPTY));
    const again = one.check(many, AFTER_ALL, EMPTY);
    expect(await turns(again)).to.be.at.least(1);
    expect(await again).to.deep.equal({ ok: true, value: many });
  });

  it('lets the messages of several peers take turns', async () => {
    const one = checker();
    const order: string[] = [];
    const many = await Promise.all(Array.from({ length: 400 }, (_, at) => signed(`k${at}`)));
    const few = await signed('few');
    const note = (name: string) => (): number => order.push(name);
    const long = Array.from({ length: 12 }, (_, at) =>
      Promise.resolve(one.check(many.slice(at * 32, at * 32 + 32), AFTER_ALL, EMPTY, 'ann')).then(
        note('ann'),
      ),
    );
    const short = Promise.resolve(one.check([few], AFTER_ALL, EMPTY, 'bob')).then(note('bob'));
    await Promise.all([...long, short]);
    expect(order.indexOf('bob')).to.be.below(8);
  });

  it('decides every write of a large message', async () => {
    const many = await Promise.all(Array.from({ length: 150 }, (_, at) => signed(`k${at}`)));
    const open = writeOf('open', 'k', 1, 1);
    const one = checker();
    expect(
      (await one.check([...many, open, writeOf(SOUL, 'pub', 1, alice.pub)], AFTER_ALL, EMPTY)).ok,
    ).to.equal(true);
    expect(one.sizes.verified).to.equal(150);
    const faults: [FieldWrite, string][] = [
      [writeOf(SOUL, 'k', 1, 'unsigned'), REFUSAL.unverified],
      [writeOf(SOUL, 'pub', 1, 'other'), REFUSAL.account],
      [writeOf('#', 'k', 1, 'v'), REFUSAL.hash],
    ];
    for (const [bad, reason] of faults) expect(await reasonOf([...many, bad])).to.equal(reason);
  });

  it('drops what is too old for its soul and keeps the rest', () => {
    const old = writeOf('news<?60', 'a', AFTER_ALL - 61_000, 1);
    const young = writeOf('news<?60', 'b', AFTER_ALL - 59_000, 1);
    const open = writeOf('open', 'k', 1, 1);
    expect(atOnce(checker().check([old, open, young], AFTER_ALL, EMPTY))).to.deep.equal({
      ok: true,
      value: [open, young],
    });
    expect(atOnce(checker().check([old], AFTER_ALL, EMPTY))).to.deep.equal({ ok: true, value: [] });
  });

  it('refuses with the words that gun has for links', async () => {
    expect(await reasonOf(writeOf('~@', 'alice', 1, null))).to.equal(REFUSAL.dataMissing);
    expect(await reasonOf(writeOf('~@', 'alice', 1, { '#': 'alice' }))).to.equal(REFUSAL.alias);
    for (const nothing of [null, false, 0, '']) {
      expect(await reasonOf(writeOf('~@alice', 'k', 1, nothing))).to.equal(REFUSAL.aliasMissing);
    }
    for (const odd of [true, 5, 'k', { '#': 'l' }]) {
      expect(await reasonOf(writeOf('~@alice', 'k', 1, odd))).to.equal(REFUSAL.alias);
    }
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(await reasonOf(writeOf('~@alice', name, 1, { '#': name }))).to.equal('accepted');
      expect(await reasonOf(writeOf(SOUL, name, 1, 'v'))).to.equal(REFUSAL.unverified);
    }
  });

  it('rejects when the store cannot be read', async () => {
    const writes = await Promise.all(['a', 'b', 'c'].map((key) => signed(key)));
    const outcome = await Promise.resolve(checker().check(writes, AFTER_ALL, unreadable)).catch(String);
    expect(outcome).to.equal('Error: no disk');
  });
});

describe('sea SeaChecker memory', () => {
  it('answers at once for what it has verified', async () => {
    const one = checker();
    const writes = [await signed('a'), await signed('b', { '#': 'x' })];
    expect((await one.check(writes, AFTER_ALL, EMPTY)).ok).to.equal(true);
    expect(atOnce(one.check(writes, AFTER_ALL, EMPTY)).ok).to.equal(true);
    expect(one.sizes).to.deep.equal({ verified: 2, certificates: 0, keys: 1 });
  });

  it('does not take what it has verified for the same text elsewhere', async () => {
    const one = checker();
    const write = await signed('a');
    await one.check([write], AFTER_ALL, EMPTY);
    for (const other of [
      { key: 'b' },
      { state: STATE + 1 },
      { soul: `${SOUL}/x` },
      { soul: `~${bob.pub}` },
    ]) {
      const answer = await one.check([{ ...write, ...other }], AFTER_ALL, EMPTY);
      expect(answer, JSON.stringify(other)).to.deep.equal({ ok: false, reason: REFUSAL.unverified });
    }
  });

  it('does not believe a forged certificate the second time either', async () => {
    const one = checker();
    const forged = await byGuest(INBOX, 'k', bob);
    for (let round = 0; round < 3; round += 1) {
      expect(await one.check([forged], AFTER_ALL, EMPTY)).to.deep.equal({
        ok: false,
        reason: REFUSAL.certificate,
      });
    }
  });

  it('judges a certificate anew each time', async () => {
    const one = checker();
    const write = await byGuest({ ...INBOX, expires: STATE + 1000 });
    expect((await one.check([write], STATE, EMPTY)).ok).to.equal(true);
    expect(atOnce(one.check([write], STATE + 1000, EMPTY)).ok).to.equal(true);
    expect(await one.check([write], STATE + 1001, EMPTY)).to.deep.equal({
      ok: false,
      reason: REFUSAL.expired,
    });
    expect(one.sizes.certificates).to.equal(1);
  });

  it('looks for blocks each time', async () => {
    const one = checker();
    const write = await byGuest({ ...INBOX, writeBlock: 'blocked' });
    const block = await signed(bob.pub, true, alice, `${SOUL}/blocked`);
    expect((await one.check([write], AFTER_ALL, EMPTY)).ok).to.equal(true);
    expect(await one.check([write], AFTER_ALL, storeOf(block))).to.deep.equal({
      ok: false,
      reason: blockedRefusal(bob.pub),
    });
  });

  it('takes what is stored without checking it again, be its certificate expired', async () => {
    const write = await byGuest({ ...INBOX, expires: STATE });
    expect(await reasonOf(write)).to.equal(REFUSAL.expired);
    expect(await reasonOf(write, storeOf(write))).to.equal('accepted');
    expect(await reasonOf(write, storeOf({ ...write, state: STATE - 1 }))).to.equal(REFUSAL.expired);
    expect(await reasonOf(write, storeOf({ ...write, json: '"other"' }))).to.equal(REFUSAL.expired);
  });

  it('stays within its limits', async () => {
    const limits = limitsWith({ publicKeys: 4, verifiedBytes: 128 * 1024 });
    const one = new SeaChecker(limits);
    for (let made = 0; made < 12; made += 1) {
      const pair = await createPair();
      const soul = `~${pair.pub}`;
      const keys = Array.from({ length: 40 }, (_, at) => `k${at}`);
      const writes = await Promise.all(keys.map((key) => signed(key, 'v', pair, soul)));
      expect((await one.check(writes, AFTER_ALL, EMPTY)).ok).to.equal(true);
    }
    expect(one.sizes.keys).to.be.within(1, 4);
    expect(one.sizes.verified).to.be.within(50, (128 * 1024) / 200);
  });
});

describe('sea certificates in SeaChecker', () => {
  it('let the named guest in, and nobody else', async () => {
    expect(await reasonOf(await byGuest(INBOX))).to.equal('accepted');
    expect(await reasonOf(await byGuest({ ...INBOX, guests: [carol.pub, bob.pub] }))).to.equal('accepted');
    expect(await reasonOf(await byGuest({ ...INBOX, guests: carol.pub }))).to.equal(REFUSAL.certificate);
    expect(await reasonOf(await byGuest(INBOX, 'k', carol))).to.equal(REFUSAL.certificate);
    expect(await reasonOf(await byGuest({ guests: bob.pub, read: { '*': 'inbox' } }))).to.equal(
      REFUSAL.certificate,
    );
    expect(await reasonOf(await byGuest({ guests: bob.pub, write: 'elsewhere' }))).to.equal(
      REFUSAL.certificate,
    );
  });

  it('hold in any order of keys', async () => {
    const write = await byGuest({ ...INBOX, read: 'x', readBlock: 'y', expires: AFTER_ALL + 1 });
    const fields = JSON.parse(JSON.parse(write.json) as string) as {
      '+': { m: Record<string, unknown>; s: string };
    };
    const reversed = Object.fromEntries(Object.entries(fields['+'].m).toReversed());
    const text = JSON.stringify({ ...fields, '+': { s: fields['+'].s, m: reversed } });
    expect(await reasonOf({ ...write, json: JSON.stringify(text) })).to.equal('accepted');
    const widened = JSON.stringify({ ...fields, '+': { s: fields['+'].s, m: { ...reversed, c: '*' } } });
    expect(await reasonOf({ ...write, json: JSON.stringify(widened) })).to.equal(REFUSAL.certificate);
  });

  it('ask the store whether the guest is blocked: below the account, where its link leads, and at a soul', async () => {
    const refusal = blockedRefusal(bob.pub);
    const write = await byGuest({ ...INBOX, writeBlock: 'blocked' });
    const at = (soul: string, value: Value): Promise<FieldWrite> => signed(bob.pub, value, alice, soul);
    for (const value of [1, true]) {
      expect(await reasonOf(write, storeOf(await at(`${SOUL}/blocked`, value)))).to.equal(refusal);
    }
    for (const value of [0, false, null, 'true', 2]) {
      expect(await reasonOf(write, storeOf(await at(`${SOUL}/blocked`, value)))).to.equal('accepted');
    }
    const link = await signed('blocked', { '#': `${SOUL}/list` });
    expect(await reasonOf(write, storeOf(link, await at(`${SOUL}/list`, true)))).to.equal(refusal);
    expect(await reasonOf(write, storeOf(await at(`${SOUL}/list`, true)))).to.equal('accepted');
    const elsewhere = await byGuest({ ...INBOX, writeBlock: '~shared' });
    expect(await reasonOf(elsewhere, storeOf(writeOf('~shared', bob.pub, 1, true)))).to.equal(refusal);
    const asynchronous: ReadStored = (soul, key) =>
      Promise.resolve(storeOf(writeOf('~shared', bob.pub, 1, 1))(soul, key));
    expect(await reasonOf(elsewhere, asynchronous)).to.equal(refusal);
  });
});
