import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { finish } from '../../../lib/base/slices.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { writesInSteps, writesOf } from '../../../lib/sync/said-writes.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf } from '../../support/log-maker.ts';

function saying(body: Uint8Array | undefined): Operation {
  return logOf(authorOf(1), 1, () => body)[0]!;
}

function writeTo(soul: string): FieldWrite {
  return writeOf(soul, 'k', 5, 1);
}

/** What it says, read at once, which is what is read in steps. */
function saidBy(operation: Operation): ReturnType<typeof writesOf> {
  const said = writesOf(operation);
  expect(finish(writesInSteps(operation))).to.deep.equal(said);
  return said;
}

describe('sync.said-writes', () => {
  it('are those of the body but for souls of other keys, and none without one', () => {
    const [own, foreign] = [1, 2].map((author) => `@${toHex(authorOf(author).publicKey)}/x`);
    const said = saidBy(saying(bodyOf([writeTo('open'), writeTo(own!), writeTo(foreign!)])));
    expect(said.ok && said.value.map(({ soul }) => soul)).to.have.members(['open', own]);
    expect(saidBy(saying(undefined))).to.deep.equal({ ok: true, value: [] });
  });

  it('are none of a body of another kind, and refused of one that is malformed', () => {
    expect(saidBy(saying(Uint8Array.of(0x83, 0x61, 0x78, 1, 0)))).to.deep.equal({ ok: true, value: [] });
    expect(saidBy(saying(Uint8Array.of(0x82, 0x61)))).to.deep.equal({ ok: false, reason: 'body' });
  });
});
