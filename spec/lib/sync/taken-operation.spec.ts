import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf } from '../../../lib/log/operation.ts';
import type { Placement } from '../../../lib/log/placement.ts';
import type { TakenOperation } from '../../../lib/sync/sync-store.ts';
import { takenOperation } from '../../../lib/sync/taken-operation.ts';
import { bodyOf } from '../../support/log-bytes.ts';
import { authorOf, logOf } from '../../support/log-maker.ts';
import { told } from '../../support/noting-intake.ts';

const LOG = logOf(authorOf(1), 1, () => bodyOf([writeOf('soul', 'k', 5, 1)]));

describe('sync.taken-operation', () => {
  it('tells of an operation what its header says, and of its place what its log does', () => {
    const [operation] = LOG;
    const { header, body } = operation!;
    const names = { ...namesOf(operation!), sequence: header.sequence, header: header.bytes, body };
    const common = { ...names, forkedAt: undefined, mayFollow: false, known: false };
    const placed = (placement: Placement): TakenOperation => told(takenOperation(operation!, placement));
    expect(placed('append')).to.deep.equal(common);
    expect(placed('known')).to.deep.equal({ ...common, known: true });
    expect(placed('switch')).to.deep.equal({ ...common, forkedAt: 0 });
    expect(placed('side-append')).to.deep.equal({ ...common, mayFollow: true });
    expect(placed('side-start')).to.deep.equal({ ...common, forkedAt: 0, mayFollow: true });
    const [pruning] = logOf(authorOf(1), 1, undefined, { prune: true });
    expect(takenOperation(pruning!, 'append').mayFollow).to.equal(true);
  });
});
