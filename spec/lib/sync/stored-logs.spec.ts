import { expect } from 'chai';
import * as fc from 'fast-check';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { encodeEnvelope } from '../../../lib/log/envelope.ts';
import { encodeCbor } from '../../../lib/log/cbor-writer.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { encodeDelta } from '../../../lib/store/delta-codec.ts';
import { takeOne } from '../../../lib/sync/intake.ts';
import { seeded } from '../../support/arbitraries.ts';
import { authorOf, logOf, operationAfter, TOPIC } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';
import { SyncLine } from '../../support/sync-world.ts';
import { scaled } from '../../torture/scale.ts';

function body(...writes: FieldWrite[]): Uint8Array {
  const encoded = encodeDelta('gun/put', writes);
  if (!encoded.ok) throw new Error(encoded.reason);
  return encoded.value;
}

function saidBy(author: number, length: number): Operation[] {
  return logOf(authorOf(author), length, (at) =>
    body(writeOf(`s${at % 3}`, `k${author}`, at, `${author}-${at}`)),
  );
}

/** Two stores that know some of three histories, one of them with two branches, and what came unsigned. */
async function twoStores(cuts: readonly number[], branchAt: number): Promise<[LoggedStore, LoggedStore]> {
  const first = saidBy(1, 6);
  const histories = [first, saidBy(2, 6), saidBy(3, 6)];
  const branch = first.slice(0, branchAt);
  for (let at = branchAt; at < branchAt + 3; at += 1) {
    const write = writeOf('branch', `k${at}`, at, at);
    branch.push(operationAfter(authorOf(1), branch.at(-1)?.header, body(write)));
  }
  histories.push(branch);
  const open = async (at: number): Promise<LoggedStore> => {
    const store = await openLogged({ signer: authorOf(100 + at) });
    for (const [index, history] of histories.entries()) {
      for (const operation of history.slice(0, cuts[at * 4 + index])) await store.take(operation);
    }
    await store.small.put([writeOf('unsigned', `by${at}`, 5, at), writeOf('s0', 'k1', 100 + at, 'unsigned')]);
    await store.witness.flush();
    return store;
  };
  return [await open(0), await open(1)];
}

describe('sync.stored-logs', () => {
  it('makes the logs and the graphs of two stores equal', async function () {
    this.timeout(120_000);
    const cuts = fc.array(fc.nat(9), { minLength: 8, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        cuts,
        fc.nat(5),
        fc.option(fc.nat(30), { nil: undefined }),
        async (at, branchAt, cutAfter) => {
          const [left, right] = await twoStores(at, branchAt);
          if (cutAfter !== undefined) await new SyncLine(left.sync, right.sync, { cutAfter }).run();
          const line = await new SyncLine(left.sync, right.sync).run();
          expect([line.left.ended, line.right.ended]).to.deep.equal([undefined, undefined]);
          expect(await left.lines()).to.deep.equal(await right.lines());
          expect(await left.small.lines()).to.deep.equal(await right.small.lines());
          // What came in an operation is nobody else's to witness.
          await left.witness.flush();
          await right.witness.flush();
          const again = await new SyncLine(left.sync, right.sync).run();
          expect(again.carried.filter(({ type }) => type === 'operation')).to.have.lengthOf(0);
          await left.close();
          await right.close();
        },
      ),
      {
        ...seeded(scaled(25, 300)),
        // Cut off when the evidence of a fork was there and the other branch was not.
        examples: [[[0, 0, 0, 0, 6, 0, 0, 6], 5, 11]],
      },
    );
  });

  it('says how much is missing without reading it', async () => {
    const store = await openLogged();
    const log = saidBy(1, 9);
    for (const operation of log) await store.take(operation);
    const bytes = log.reduce(
      (sum, operation) => sum + operation.header.bytes.length + operation.body!.length,
      0,
    );
    const reads = store.small.storage.calls.getBytes;
    expect(await store.sync.plan(TOPIC, new Map())).to.deep.include({ operations: 9, bytes });
    expect(store.small.storage.calls.getBytes).to.equal(reads);
    const tips = await store.sync.tips(TOPIC);
    expect(await store.sync.plan(TOPIC, tips)).to.deep.equal({ operations: 0, bytes: 0, parts: [] });
    await store.close();
  });

  it('refuses operations of other topics, and bodies that are not what they say', async () => {
    const store = await openLogged();
    const [operation] = saidBy(1, 1);
    const { bytes } = operation!.header;
    const reason = async (
      header: Uint8Array,
      content: Uint8Array | undefined,
      topic = TOPIC,
    ): Promise<string> => {
      const taken = await takeOne(store.sync, topic, header, content);
      return taken.ok ? 'ok' : taken.reason;
    };
    expect(await reason(bytes, operation!.body, new Uint8Array(32))).to.equal('log');
    expect(await reason(bytes, body())).to.equal('payload');
    expect(await reason(bytes.subarray(1), operation!.body)).to.equal('malformed');
    const wrong = encodeEnvelope({ kind: 'gun/put', version: 1, payload: encodeCbor('x'), meta: undefined });
    expect(await reason(operationAfter(authorOf(2), undefined, wrong).header.bytes, wrong)).to.equal('body');
    store.small.storage.fails = (step) => step === 'commit';
    expect(await reason(bytes, operation!.body)).to.equal('storage');
    store.small.storage.fails = () => false;
    expect(await reason(bytes, operation!.body)).to.equal('ok');
    const known = await takeOne(store.sync, TOPIC, bytes, undefined);
    expect(known.ok && known.value.known).to.equal(true);
    await store.close();
  });
});
