import { expect } from 'chai';
import * as fc from 'fast-check';
import { isValue, type Value } from '../../../lib/graph/value.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { parseCertificate } from '../../../lib/sea/certificate.ts';
import { signingKey, verifyingKey } from '../../../lib/sea/keys.ts';
import { ownerOf } from '../../../lib/sea/ownership.ts';
import {
  parseSigned,
  plainValue,
  saysTheSame,
  signWrite,
  type SignedValue,
} from '../../../lib/sea/signed-value.ts';
import { sha256, signText, verifyText } from '../../../lib/sea/signature.ts';
import { aName, aState, aValue, seeded } from '../../support/arbitraries.ts';
import { caseNamed, SEA_VECTORS, writeOfCase } from '../../support/sea-vectors.ts';

const { alice, bob } = SEA_VECTORS.pairs;
const SOUL = `~${alice.pub}`;
const SIGNATURE = Buffer.alloc(64, 7).toString('base64');
/** Before and after the day from which the oldest form is refused. */
const EARLY = 1_500_000_000_000;
const LATE = 1_750_000_000_000;

function parsed(text: string, state = LATE, key = 'k', soul = SOUL): SignedValue | undefined {
  return parseSigned(writeOf(soul, key, state, text), alice.pub);
}

/** The form of 2018, around the JSON of its message. */
function oldText(message: string): string {
  return `SEA{"m":${message},"s":"${SIGNATURE}"}`;
}

/** The form of 2019. */
function oldFour(parts: readonly unknown[]): string {
  return oldText(JSON.stringify(parts));
}

async function isSigned(write: FieldWrite): Promise<boolean> {
  const signed = parseSigned(write, ownerOf(write.soul)!)!;
  return verifyText(signed.text, signed.signature, (await verifyingKey(signed.signer))!);
}

describe('sea parseSigned', () => {
  it('finds the bytes that were signed', async () => {
    let replayed = 0;
    for (const each of SEA_VECTORS.cases) {
      if (each.signed_text_sha256 === undefined) continue;
      const signed = parseSigned(writeOfCase(each), ownerOf(each.soul)!)!;
      expect(signed.text, each.name).to.equal(each.signed_text);
      expect(Buffer.from(await sha256(signed.text)).toString('hex'), each.name).to.equal(
        each.signed_text_sha256,
      );
      expect(Buffer.from(signed.signature).toString('base64'), each.name).to.equal(each.signature_base64);
      expect(signed.value, each.name).to.deep.equal(each.plain_value);
      replayed += 1;
    }
    expect(replayed).to.be.at.least(10);
  });

  it('takes both orders of fields and single spaces', () => {
    expect(parsed(`{"~":"${SIGNATURE}",":":"v"}`)?.value).to.equal('v');
    expect(parsed(`{ ":" : "v", "~" : "${SIGNATURE}" }`)?.value).to.equal('v');
  });

  it('refuses every other spelling', () => {
    const odd = [
      '',
      'hi',
      '5',
      '[]',
      '{}',
      `{":":"v"}`,
      `{"~":"${SIGNATURE}"}`,
      `{":":"v","~":"${SIGNATURE}","x":1}`,
      `{":":"v","~":"${SIGNATURE}","__proto__":{}}`,
      `{":":"v","~":"${SIGNATURE}",":":"v"}`,
      `{":":"w",":":"v","~":"${SIGNATURE}"}`,
      `{":":"v","~":"${SIGNATURE}","~":"${SIGNATURE}"}`,
      `{":":"\\u0076","~":"${SIGNATURE}"}`,
      `{":":1.0,"~":"${SIGNATURE}"}`,
      `{":": "v",  "~":"${SIGNATURE}"}`,
      `{":":"v",\t"~":"${SIGNATURE}"}`,
      ` {":":"v","~":"${SIGNATURE}"}`,
      `{":":"v","~":"${SIGNATURE}"} `,
      `{":":"v","~":"${SIGNATURE}"}{}`,
      `{":":"v","~":"${SIGNATURE.slice(0, -2)}"}`,
      `{":":"v","~":"${SIGNATURE.slice(0, -3)}x=="}`,
      `{":":"v","~":"${SIGNATURE}\\n"}`,
      `{":":"v","~":["${SIGNATURE}"]}`,
      `{":":"v","~":null}`,
      `{":":["v"],"~":"${SIGNATURE}"}`,
      `{":":{"a":1},"~":"${SIGNATURE}"}`,
      `{":":{"#":"a","b":1},"~":"${SIGNATURE}"}`,
      `{":":{"#":""},"~":"${SIGNATURE}"}`,
      `{":":1e999,"~":"${SIGNATURE}"}`,
      `{":":${'['.repeat(100_000)}`,
      `{":":${'['.repeat(9)}${']'.repeat(9)},"~":"${SIGNATURE}"}`,
    ];
    for (const text of odd) expect(parsed(text), text.slice(0, 120)).to.equal(undefined);
  });

  it('refuses what is no text', () => {
    for (const value of [null, true, 5, { '#': 'a' }]) {
      expect(parseSigned(writeOf(SOUL, 'k', LATE, value), alice.pub)).to.equal(undefined);
    }
  });

  it('refuses a guest without a certificate and a certificate without a guest', () => {
    const certificate = SEA_VECTORS.certificates['bob_inbox']!.slice(3);
    const start = `{":":"v","~":"${SIGNATURE}"`;
    expect(parsed(`${start},"+":${certificate},"*":"${bob.pub}"}`)).to.include({ signer: bob.pub });
    expect(parsed(`${start},"*":"${alice.pub}"}`)).to.include({ signer: alice.pub, certificate: undefined });
    const odd = [
      `${start},"*":"${bob.pub}"}`,
      `${start},"*":null}`,
      `${start},"*":{}}`,
      `${start},"*":""}`,
      `${start},"+":${certificate}}`,
      `${start},"+":null,"*":"${bob.pub}"}`,
      `${start},"+":${certificate},"*":"bob"}`,
      `${start},"+":${certificate},"*":["${bob.pub}"]}`,
      `${start},"+":{"m":{},"s":""},"*":"${bob.pub}"}`,
      `${start},"+":{"m":[],"s":"${SIGNATURE}"},"*":"${bob.pub}"}`,
      `${start},"+":{"m":{},"s":"${SIGNATURE}","x":1},"*":"${bob.pub}"}`,
      `${start},"+":{"m":{}},"*":"${bob.pub}"}`,
      `${start},"+":${JSON.stringify(SEA_VECTORS.certificates['bob_inbox'])},"*":"${bob.pub}"}`,
    ];
    for (const text of odd) expect(parsed(text), text.slice(100)).to.equal(undefined);
  });

  it('takes the form of 2018 until the end of that year, and what its text stands for', () => {
    expect(parsed(oldText('"old text"'), EARLY)).to.include({
      value: 'old text',
      text: 'old text',
      isOld: true,
    });
    expect(parsed(oldText('"5"'), EARLY)).to.include({ value: 5, text: '5' });
    expect(parsed(oldText('null'), EARLY)).to.include({ value: null, text: 'null' });
    expect(parsed(oldText('"old text"'), 1_546_329_599_999)).to.not.equal(undefined);
    expect(parsed(oldText('"old text"'), 1_546_329_600_000)).to.equal(undefined);
    const odd = [
      '{"#":"a"}',
      '"{\\"#\\":\\"a\\"}"',
      '{":":"v"}',
      '[]',
      '[1]',
      '"[1,2]"',
      '"SEA{\\"m\\":1}"',
      '"1e999"',
    ];
    for (const message of odd) expect(parsed(oldText(message), EARLY), message).to.equal(undefined);
    for (const text of [
      'SEA{}',
      'SEA{"m":"x"}',
      `SEA{"s":"${SIGNATURE}"}`,
      `SEA{"m":"x","s":"${SIGNATURE}","x":1}`,
    ]) {
      expect(parsed(text, EARLY), text).to.equal(undefined);
    }
  });

  it('takes the form of 2019 for its own soul, key and millisecond', () => {
    const four = [SOUL, 'k', 'val', LATE];
    expect(parsed(oldFour(four))).to.include({ value: 'val', text: `${SOUL},k,val,${LATE}`, isOld: true });
    expect(parsed(oldFour(four), LATE + 0.9)).to.not.equal(undefined);
    expect(parsed(oldFour([SOUL, 'k', null, LATE]))).to.include({ value: null, text: `${SOUL},k,,${LATE}` });
    const odd = [
      [`${SOUL}x`, 'k', 'val', LATE],
      [SOUL, 'l', 'val', LATE],
      [SOUL, 'k', 'val', LATE + 1],
      [SOUL, 'k', 'val', String(LATE)],
      [SOUL, 'k', 'val'],
      [...four, 1],
      [SOUL, 'k', ['val'], LATE],
    ];
    for (const parts of odd) expect(parsed(oldFour(parts)), JSON.stringify(parts)).to.equal(undefined);
  });

  it('refuses old forms that could be cut elsewhere or hold what was not hashed', () => {
    expect(parsed(oldFour([SOUL, 'k,x', 'y', LATE]), LATE, 'k,x')).to.equal(undefined);
    expect(parsed(oldFour([SOUL, 'k', 'x,y', LATE]))).to.include({ value: 'x,y' });
    expect(parsed(oldFour([`${SOUL}/a,b`, 'k', 'y', LATE]), LATE, 'k', `${SOUL}/a,b`)).to.equal(undefined);
    expect(parsed(oldFour([SOUL, 'k', { '#': 'a' }, LATE]))).to.equal(undefined);
  });
});

describe('sea signWrite', () => {
  it('signs any value for its place, so that it can be read and verified', async () => {
    await fc.assert(
      fc.asyncProperty(aName(), aName(), aState(), aValue(), async (name, key, state, value) => {
        const soul = `~${alice.pub}/${name}`;
        const write = await signWrite({ soul, key, state }, value, alice);
        const plain = JSON.parse(JSON.stringify(value)) as Value;
        expect(plainValue(soul, key, write)).to.deep.equal(plain);
        expect(await isSigned(write)).to.equal(true);
        expect(await isSigned({ ...write, key: `${key}x` })).to.equal(false);
        expect(await isSigned({ ...write, soul: `${soul}x` })).to.equal(false);
        expect(await isSigned({ ...write, state: state + 1000 })).to.equal(false);
      }),
      seeded(15),
    );
  });

  it('signs what SEA signs', async () => {
    const { soul, key, state, plain_value: value, signed_text: text } = caseNamed('valid: unicode');
    const write = await signWrite({ soul, key, state }, value!, alice);
    expect(parseSigned(write, alice.pub)?.text).to.equal(text);
  });

  it('names the guest and carries the certificate', async () => {
    const certificate = parseCertificate(SEA_VECTORS.certificates['bob_inbox'])!;
    const place = { soul: `${SOUL}/inbox`, key: 'k', state: LATE };
    const write = await signWrite(place, 'v', bob, { certificate });
    expect(parseSigned(write, alice.pub)).to.deep.include({ signer: bob.pub, certificate });
    expect(Object.keys(JSON.parse(JSON.parse(write.json) as string) as object)).to.deep.equal([
      ':',
      '~',
      '+',
      '*',
    ]);
  });
});

describe('sea plainValue', () => {
  it('takes the signature off in user spaces and leaves other values alone', () => {
    const text = `{":":"v","~":"${SIGNATURE}"}`;
    expect(plainValue(SOUL, 'k', entry(text))).to.equal('v');
    expect(plainValue('elsewhere', 'k', entry(text))).to.equal(text);
    expect(plainValue(SOUL, 'pub', writeOf(SOUL, 'pub', 1, alice.pub))).to.equal(alice.pub);
    expect(isValue(plainValue(SOUL, 'k', writeOf(SOUL, 'k', 1, null)))).to.equal(true);
  });
});

function entry(text: string): FieldWrite {
  return writeOf(SOUL, 'k', LATE, text);
}

function envelope(json: string, signature = SIGNATURE): FieldWrite {
  return entry(`{":":${json},"~":"${signature}"}`);
}

function same(a: FieldWrite, b: FieldWrite): boolean {
  return saysTheSame(SOUL, 'k', a, b) && saysTheSame(SOUL, 'k', b, a);
}

describe('sea saysTheSame', () => {
  const other = Buffer.alloc(64, 9).toString('base64');

  it('holds for one content under any spelling, signature and signer', () => {
    expect(same(envelope('"v"'), envelope('"v"'))).to.equal(true);
    expect(same(envelope('"v"'), envelope('"v"', other))).to.equal(true);
    expect(same(envelope('"v"'), entry(`{ "~":"${SIGNATURE}", ":":"v" }`))).to.equal(true);
    expect(same(envelope('"v"'), entry(`{":":"v","~":"${SIGNATURE}","*":"${alice.pub}"}`))).to.equal(true);
    const guest = `,"+":${SEA_VECTORS.certificates['bob_inbox']!.slice(3)},"*":"${bob.pub}"}`;
    expect(same(envelope('"v"'), entry(`{":":"v","~":"${other}"${guest}`))).to.equal(true);
    const old = entry(oldFour([SOUL, 'k', 'v', LATE]));
    expect(same(envelope('"v"'), old)).to.equal(true);
  });

  it('holds for old forms whose text is the same, because it does not tell 5 from "5"', () => {
    const [five, text, six, object] = [5, '5', 6, '[object Object]'].map((value) =>
      entry(oldFour([SOUL, 'k', value, LATE])),
    );
    expect(same(five!, text!)).to.equal(true);
    expect(same(five!, six!)).to.equal(false);
    expect(same(object!, envelope('{"#":"a"}'))).to.equal(false);
    const [nothing, empty] = [null, ''].map((value) => entry(oldFour([SOUL, 'k', value, LATE])));
    expect(same(nothing!, empty!)).to.equal(true);
    expect(same(nothing!, six!)).to.equal(false);
  });

  it('does not hold for other content, another state, or outside user spaces', () => {
    expect(same(envelope('"v"'), envelope('"w"'))).to.equal(false);
    expect(same(envelope('5'), envelope('"5"'))).to.equal(false);
    expect(same(envelope('"v"'), { ...envelope('"v"'), state: LATE + 1 })).to.equal(false);
    expect(same(envelope('"v"'), entry('unsigned'))).to.equal(false);
    expect(saysTheSame('open', 'k', envelope('"v"'), envelope('"v"', other))).to.equal(false);
    expect(saysTheSame('open', 'k', envelope('"v"'), envelope('"v"'))).to.equal(true);
  });

  it('holds for two real signatures of one write', async () => {
    const key = await signingKey(alice);
    const [first, second] = await Promise.all([signText('x', key), signText('x', key)]);
    expect(first).to.not.equal(second);
    expect(same(envelope('"v"', first), envelope('"v"', second))).to.equal(true);
  });
});
