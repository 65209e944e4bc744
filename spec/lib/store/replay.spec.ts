import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { encodeEnvelope } from '../../../lib/log/envelope.ts';
import { encodeCbor } from '../../../lib/log/cbor-writer.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { encodeDelta } from '../../../lib/store/delta-codec.ts';
import { replayLogs } from '../../../lib/store/replay.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged } from '../../support/logged-store.ts';

function bodyAt(at: number): Uint8Array {
  const writes = [
    writeOf('s', `k${at}`, at, at),
    writeOf(`@${toHex(authorOf(1).publicKey)}/a`, `k${at}`, 1, at),
  ];
  return bodyOf(writes);
}

describe('store.replay', () => {
  it("says everything again that logs say: both branches, keys' own souls, and nothing of other kinds", async () => {
    const store = await openLogged();
    const log = logOf(authorOf(1), 300, bodyAt);
    for (const operation of log) await store.take(operation);
    await store.take(operationAfter(authorOf(1), log[297]!.header, bodyAt(1000)));
    const chat = { kind: 'app/chat', version: 1, payload: encodeCbor('hi'), meta: undefined };
    await store.take(operationAfter(authorOf(2), undefined, encodeEnvelope(chat)));
    const fresh = await openLogged();
    const seen: number[] = [];
    const result = await replayLogs(store.logs, (request) => fresh.small.writer.submit(request), {
      onProgress: (count) => seen.push(count),
    });
    expect(result).to.deep.equal({ operations: 302, writes: 602, refused: 0 });
    expect(seen.at(-1)).to.equal(302);
    expect(await fresh.small.lines()).to.deep.equal(await store.small.lines());
    expect(fresh.marks.size).to.equal(0);
    await store.close();
    await fresh.close();
  });

  it('tells why the writer refuses', async () => {
    const store = await openLogged();
    const encoded = encodeDelta('gun/put', [writeOf('s', 'k', 1, 1)]);
    if (!encoded.ok) throw new Error(encoded.reason);
    await store.own.append(encoded.value);
    const failing = replayLogs(store.logs, (request) => request.settle({ ok: false, reason: 'no' }));
    const error = await failing.catch((reason: unknown) => reason);
    expect(String(error)).to.include('no');
    await store.close();
  });
});
