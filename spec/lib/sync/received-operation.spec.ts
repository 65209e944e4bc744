import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf } from '../../../lib/log/operation.ts';
import { takeOne } from '../../../lib/sync/intake.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, TOPIC } from '../../support/log-maker.ts';
import { NotingIntake } from '../../support/noting-intake.ts';
import { verifyingBy } from '../../support/verify-later.ts';

const LOG = logOf(authorOf(1), 4, (at) => bodyOf([writeOf('soul', `k${at}`, 5, at)]));

describe('sync.received-operation', () => {
  it('says which operation a signature or a body does not fit, and submits nothing', async () => {
    const noting = new NotingIntake();
    const [first, second] = LOG;
    const forged = first!.header.bytes.slice();
    forged[60]! ^= 1;
    expect(await takeOne(noting.intake, TOPIC, forged, first!.body)).to.include({
      reason: 'signature',
    });
    expect(await noting.take({ ...first!, body: second!.body })).to.include({ reason: 'payload' });
    expect(await takeOne(noting.intake, new Uint8Array(32), first!.header.bytes, first!.body)).to.include({
      reason: 'log',
    });
    expect([noting.requests, noting.seen]).to.deep.equal([[], []]);
  });

  it('takes nothing for a right signature but the word that it is', async () => {
    for (const verdict of [undefined, null, 1, 'yes', {}]) {
      const noting = new NotingIntake({
        verify: () => true,
        verifyLater: (_key, _message, _signature, decided) => decided(verdict as never),
      });
      const [taken] = await Promise.allSettled([noting.take(LOG[0]!)]);
      expect(taken.status, typeof verdict).to.equal('rejected');
      expect(noting.requests).to.deep.equal([]);
    }
  });

  it('has nobody check the signature of what is wrong anyhow', async () => {
    let asked = 0;
    const verifyLater = verifyingBy(() => {
      asked += 1;
      return Promise.resolve(true);
    });
    const noting = new NotingIntake({ verifyLater });
    expect(await noting.take({ ...LOG[0]!, body: LOG[1]!.body })).to.include({ reason: 'payload' });
    expect(asked).to.equal(0);
  });

  it('says to the graph what is allowed, and keeps the operation whatever is', async () => {
    for (const later of [false, true]) {
      const noting = new NotingIntake({
        allow: (writes) => {
          const some = writes.slice(1);
          return later ? Promise.resolve(some) : some;
        },
      });
      void noting.take(LOG[0]!);
      const [request] = await noting.submitted(1);
      expect([request!.writes.length, request!.operation?.header.sequence]).to.deep.equal([0, 0]);
    }
  });

  it('says nothing of souls that belong to other keys', async () => {
    const noting = new NotingIntake({ allow: (writes) => writes });
    const [own, foreign] = [1, 2].map((number) => `@${toHex(authorOf(number).publicKey)}/x`);
    const writes = ['open', own!, foreign!].map((soul) => writeOf(soul, 'k', 5, 1));
    const [operation] = logOf(authorOf(1), 1, () => bodyOf(writes));
    void noting.take(operation!);
    const [request] = await noting.submitted(1);
    expect(request!.writes.map(({ soul }) => soul)).to.have.members(['open', own]);
  });

  it('tells what changed, and of a writer that refuses', async () => {
    const changed: (readonly [number, string | undefined])[] = [];
    const noting = new NotingIntake({ changed: (writes, node) => changed.push([writes.length, node]) });
    const taking = LOG.slice(0, 3).map((operation) => noting.take(operation));
    const [first, second, third] = await noting.submitted(3);
    first!.settle({ ok: true, changed: first!.writes, placement: 'append' });
    second!.settle({ ok: false, reason: 'x', logReason: 'gap' });
    third!.settle({ ok: false, reason: 'the disk is full' });
    const results = await Promise.all(taking);
    expect(results.map((result) => (result.ok ? 'ok' : result.reason))).to.deep.equal([
      'ok',
      'gap',
      'storage',
    ]);
    expect(changed).to.deep.equal([[1, 'the node']]);
  });

  it('lets nobody wait for decisions about others, and keeps the order of each author', async () => {
    const decide: (() => void)[] = [];
    const noting = new NotingIntake({
      allow: (writes, author) =>
        author === namesOf(LOG[0]!).author && writes[0]!.key !== 'k2'
          ? new Promise((resolve) => decide.push(() => resolve(writes)))
          : writes,
    });
    for (const operation of LOG.slice(0, 4)) void noting.take(operation);
    const others = logOf(authorOf(2), 3, (at) => bodyOf([writeOf('soul', `o${at}`, 5, at)]));
    for (const operation of others) void noting.take(operation);
    const keys = (): string[] => noting.requests.map(({ writes }) => writes[0]!.key);
    await noting.submitted(3);
    expect(keys()).to.deep.equal(['o0', 'o1', 'o2']);
    for (const count of [4, 6, 7]) {
      expect(decide).to.have.lengthOf(1);
      decide.pop()!();
      await noting.submitted(count);
      await new Promise(setImmediate);
    }
    expect(keys().slice(3)).to.deep.equal(['k0', 'k1', 'k2', 'k3']);
    void noting.take(LOG[2]!);
    await noting.submitted(8);
  });
});
