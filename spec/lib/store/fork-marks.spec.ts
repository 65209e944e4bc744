import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { evidenceOf } from '../../../lib/log/fork.ts';
import { namesOf } from '../../../lib/log/operation.ts';
import { evidenceChange, ForkMarks, headersOf, hidingChange } from '../../../lib/store/fork-marks.ts';
import { authorOf, LOG_ID, logOf, operationAfter } from '../../support/log-maker.ts';

const [first] = logOf(authorOf(1), 1);
const [one, other] = [1, 2].map((byte) => operationAfter(authorOf(1), first!.header, Uint8Array.of(byte)));
const evidence = evidenceOf(one!.header, other!.header, LOG_ID);
const name = { author: namesOf(one!).author, log: toHex(LOG_ID) };

describe('store.fork-marks', () => {
  it('knows after a restart which logs are forked, and how far they are hidden', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    await storage.commit([evidenceChange(name, evidence), hidingChange(name, 'begun')]);
    const marks = new ForkMarks(storage, 'hide');
    expect([marks.size, marks.hidesAny, marks.isHidden(name)]).to.deep.equal([0, false, false]);
    await marks.load();
    expect([...marks.all()]).to.deep.equal([{ ...name, sequence: 1, side: evidence.side.id }]);
    expect(marks.get(name)).to.equal([...marks.all()][0]);
    expect([marks.size, marks.hidesAny, marks.isHidden(name), marks.hidingOf(name)]).to.deep.equal([
      1,
      true,
      true,
      'begun',
    ]);
    expect(marks.hidden()).to.deep.equal([name]);
    marks.setHiding(name, undefined);
    expect([marks.hidden(), marks.hidingOf(name)]).to.deep.equal([[], undefined]);
  });

  it('tells of each log once', () => {
    const marks = new ForkMarks(new MemoryStorage(), 'tolerate');
    const told: number[] = [];
    marks.onMarked(({ sequence }) => told.push(sequence));
    for (const sequence of [4, 2]) marks.add({ ...name, sequence, side: evidence.side.id });
    expect(told).to.deep.equal([4]);
    expect([marks.hidesAny, marks.isHidden(name)]).to.deep.equal([false, false]);
  });

  it('goes on as an earlier run did when it is not told what to do', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    const marks = new ForkMarks(storage, undefined);
    expect(marks.policy).to.equal('tolerate');
    await storage.commit([hidingChange(name, 'done')]);
    await marks.load();
    expect(marks.policy).to.equal('hide');
  });

  it('gives the headers of its records back', () => {
    const [, record] = evidenceChange(name, evidence);
    expect(headersOf(record as string)).to.deep.equal([evidence.canonical.bytes, evidence.side.bytes]);
    expect(headersOf('nothing')).to.equal(undefined);
  });
});
