import { expect } from 'chai';
import { SequenceReader, type OperationBytes } from '../../lib/log/sequence.ts';
import { sequenceOf } from '../../relay/log-exchange.ts';
import { gathered } from '../support/log-bytes.ts';

const OPERATIONS: readonly OperationBytes[] = Array.from({ length: 100 }, (_, at) => ({
  header: Uint8Array.of(at),
  body: at % 2 === 0 ? undefined : new Uint8Array(20_000).fill(at),
}));

async function* operations(): AsyncGenerator<OperationBytes> {
  for (const operation of OPERATIONS) yield await Promise.resolve(operation);
}

describe('relay log exchange', () => {
  it('sends operations in chunks, of which all come back', async () => {
    const chunks = await gathered(sequenceOf(operations()));
    expect(chunks.length).to.be.within(5, 40);
    expect(Math.max(...chunks.map(({ length }) => length))).to.be.lessThan(100_000);
    const reader = new SequenceReader();
    const items = [...reader.take(Buffer.concat(chunks))];
    reader.end();
    expect(reader.fault).to.equal(undefined);
    expect(items).to.deep.equal(OPERATIONS);
  });
});
