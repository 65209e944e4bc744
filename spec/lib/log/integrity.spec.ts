import { expect } from 'chai';
import { decodeHeader, type Header } from '../../../lib/log/codec.ts';
import type { Extensions } from '../../../lib/log/extensions.ts';
import {
  checkBody,
  checkPlace,
  checkSignature,
  checkSignatureLater,
  readOperation,
  readOperationInSteps,
  readUnchecked,
  type HeldLog,
} from '../../../lib/log/integrity.ts';
import { MOST_BODY_BYTES, type Operation } from '../../../lib/log/operation.ts';
import type { LogReason } from '../../../lib/log/reasons.ts';
import type { Verdict, VerifyLater } from '../../../lib/log/strict-ed25519.ts';
import { authorOf, hex, LOG_ID, logOf, operationAfter, verifyFast } from '../../support/log-maker.ts';
import { loadVectors } from '../../support/vectors.ts';

interface Negative {
  readonly name: string;
  readonly header: string;
  readonly body?: string | null;
  readonly recommend: 'accept' | 'reject';
}

interface PruneCase {
  readonly name: string;
  readonly header: string;
  readonly past: string | null;
  readonly pruneFlag: boolean;
  readonly result: string;
}

/** What p2panda accepts and Thicket does not: prune points that fork, go back or have another author. */
const STRICTER: Readonly<Record<string, LogReason>> = {
  'fork 2 after 1 with prune': 'backlink',
  '1 prune when log is at 2 (older prune)': 'fork',
  'other author with prune': 'author',
};

const verifyLater: VerifyLater = (key, message, signature, decided) =>
  setImmediate(decided, verifyFast(key, message, signature));

function verdictOn(header: Header, verify: VerifyLater): Promise<Verdict> {
  return new Promise((resolve) => checkSignatureLater(header, verify, resolve));
}

function headerOf(bytes: string): Header {
  const header = decodeHeader(hex(bytes));
  if (!header.ok) throw new Error(header.reason);
  return header.value;
}

function extensionsWith(prune: boolean): Extensions {
  return { logId: LOG_ID, timestamp: 5n, prune, previous: [] };
}

/** A log of which only the last operation is known here. */
function heldUpTo({ author, sequence, id }: Header, first = 0): HeldLog {
  return { author, height: sequence, tip: id, first };
}

describe('log.integrity', () => {
  const author = authorOf(1);

  for (const { name, header, body, recommend } of loadVectors<{ cases: readonly Negative[] }>(
    'p2panda/header-negatives.json',
  ).cases) {
    it(`${recommend}s: ${name}`, () => {
      const decoded = decodeHeader(hex(header));
      const given = typeof body === 'string' ? hex(body) : undefined;
      const fault = decoded.ok
        ? (checkBody(decoded.value, given) ?? checkSignature(decoded.value))
        : decoded.reason;
      expect(fault === undefined ? 'accept' : 'reject').to.equal(recommend);
    });
  }

  it('compares a body with the size in its header too, not with its hash alone', () => {
    const body = Uint8Array.of(1, 2, 3);
    const { header } = operationAfter(author, undefined, body);
    for (const payloadSize of [2, 4]) expect(checkBody({ ...header, payloadSize }, body)).to.equal('payload');
    expect(checkBody(header, body)).to.equal(undefined);
  });

  for (const { name, header, past, pruneFlag, result } of loadVectors<{ cases: readonly PruneCase[] }>(
    'p2panda/prune-validation.json',
  ).cases) {
    const stricter = STRICTER[name];
    it(`${stricter === undefined ? 'decides as p2panda' : 'refuses what p2panda takes'}: ${name}`, () => {
      const log = past === null ? undefined : heldUpTo(headerOf(past));
      const verdict = checkPlace(
        { header: headerOf(header), extensions: extensionsWith(pruneFlag) },
        log,
        undefined,
      );
      if (stricter !== undefined) expect(verdict).to.deep.equal({ ok: false, reason: stricter });
      else expect(verdict.ok).to.equal(result === 'ok');
    });
  }

  describe('of one operation', () => {
    const [operation] = logOf(author, 1, () => Uint8Array.of(1, 2, 3));
    const { header, body } = operation!;

    it('takes it with its body and without', () => {
      expect(readOperation(header.bytes, body, verifyFast).ok).to.equal(true);
      const pruned = readOperation(header.bytes, undefined, verifyFast);
      expect(pruned.ok && pruned.value.body === undefined).to.equal(true);
    });

    it('refuses another body', () => {
      for (const wrong of [[], [1, 2], [1, 2, 4], [1, 2, 3, 0]]) {
        const read = readOperation(header.bytes, Uint8Array.from(wrong), verifyFast);
        expect(read).to.deep.equal({ ok: false, reason: 'payload' });
      }
      expect(checkBody(header, new Uint8Array(MOST_BODY_BYTES + 1))).to.equal('size');
    });

    it('refuses another signature, and an operation without extensions', () => {
      const forged = header.bytes.slice();
      forged[60]! ^= 1;
      expect(readOperation(forged, body, verifyFast)).to.deep.equal({ ok: false, reason: 'signature' });
      const [plain] = loadVectors<{ operations: readonly { encoded: string }[] }>(
        'p2panda/operations.json',
      ).operations;
      const read = readOperation(hex(plain!.encoded), undefined, verifyFast);
      expect(read).to.deep.equal({ ok: false, reason: 'extensions' });
    });

    it('keeps a copy of the body', () => {
      const given = body!.slice();
      const read = readOperation(header.bytes, given, verifyFast);
      given.fill(0);
      expect(read.ok && read.value.body).to.deep.equal(body);
    });
  });

  it('comes to the same verdicts in steps, of which each looks at a part of a large body', () => {
    const [operation] = logOf(author, 1, () => new Uint8Array(MOST_BODY_BYTES).fill(7));
    const { header, body } = operation!;
    const [forged, other] = [header.bytes.slice(), body!.slice()];
    forged[60]! ^= 1;
    other[MOST_BODY_BYTES - 1]! ^= 1;
    for (const [bytes, given] of [
      [header.bytes, body],
      [header.bytes, undefined],
      [header.bytes, other],
      [header.bytes, body!.subarray(1)],
      [header.bytes, new Uint8Array(MOST_BODY_BYTES + 1)],
      [header.bytes, new Uint8Array(0)],
      [header.bytes.subarray(1), body],
      [forged, body],
    ] as const) {
      const reading = readOperationInSteps(bytes, given, verifyFast);
      let steps = 1;
      let step = reading.next();
      for (; step.done !== true; step = reading.next()) steps += 1;
      const read = readOperation(bytes, given, verifyFast);
      expect(step.value.ok).to.equal(read.ok);
      if (step.value.ok && read.ok) expect(step.value.value).to.deep.equal(read.value);
      else expect(step.value).to.deep.equal(read);
      if (read.ok && given !== undefined) expect(steps).to.be.above(8);
    }
  });

  describe('of a place in a log', () => {
    const log = logOf(author, 4);
    const held = heldUpTo(log[2]!.header);
    const place = (operation: Operation, heldId?: Uint8Array, past: HeldLog | undefined = held): string => {
      const verdict = checkPlace(operation, past, heldId);
      return verdict.ok ? verdict.value : verdict.reason;
    };
    const fork = operationAfter(author, log[1]!.header, Uint8Array.of(99));

    it('takes what comes next, and knows what is held', () => {
      expect(place(log[3]!)).to.equal('append');
      expect(place(log[1]!, log[1]!.header.id)).to.equal('known');
      expect(checkPlace(log[0]!, undefined, undefined)).to.deep.equal({ ok: true, value: 'append' });
    });

    it('refuses gaps, and logs that do not begin at their beginning', () => {
      expect(checkPlace(log[1]!, undefined, undefined)).to.deep.equal({ ok: false, reason: 'gap' });
      const later = operationAfter(author, log[3]!.header, undefined);
      expect(place(later)).to.equal('gap');
    });

    it('tells a fork from what was pruned', () => {
      expect(place(fork, log[2]!.header.id)).to.equal('fork');
      const pruned = heldUpTo(log[3]!.header, 3);
      expect(place(fork, undefined, pruned)).to.equal('pruned');
      expect(place(operationAfter(author, fork.header, undefined))).to.equal('backlink');
    });

    it('lets a prune point begin a log, and pass over what is missing', () => {
      const point = operationAfter(author, log[3]!.header, undefined, { prune: true });
      expect(place(point)).to.equal('restart');
      expect(checkPlace(point, undefined, undefined)).to.deep.equal({ ok: true, value: 'restart' });
    });

    it('refuses another author', () => {
      expect(place(logOf(authorOf(2), 1)[0]!)).to.equal('author');
    });
  });

  it('reads all but the signature, which somebody else may check', async () => {
    const [operation] = logOf(author, 1);
    const { header, body } = operation!;
    const forged = header.bytes.slice();
    forged[60]! ^= 1;
    const verdicts: Verdict[] = [];
    for (const bytes of [header.bytes, forged]) {
      const read = readUnchecked(bytes, body);
      if (!read.ok) throw new Error(read.reason);
      verdicts.push(await verdictOn(read.value.header, verifyLater));
    }
    expect(verdicts).to.deep.equal([true, false]);
    expect(readUnchecked(header.bytes, Uint8Array.of(1, 2))).to.deep.equal({ ok: false, reason: 'payload' });
    const nobody = { ...header, author: new Uint8Array(32) };
    expect(await verdictOn(nobody, (_key, _message, _signature, decided) => decided(true))).to.equal(false);
  });
});
