import { expect } from 'chai';
import { writeOf } from '../../lib/graph/write.ts';
import { namesOf } from '../../lib/log/operation.ts';
import {
  blameLine,
  dateText,
  headLine,
  importLines,
  operationLine,
  reportOperation,
  verdictLines,
  verifiedLine,
} from '../../relay/log-lines.ts';
import { bodyOf, foreignBody } from '../support/log-bytes.ts';
import { authorOf, operationAfter } from '../support/log-maker.ts';

describe('relay log lines', () => {
  const timestamp = 1_700_000_000_123_456n;
  const body = bodyOf([writeOf('s', 'k', 5, { '#': 't' }), writeOf('s', 'l', 6, 'x')]);
  const first = operationAfter(authorOf(1), undefined, body, { timestamp });
  const { author, log, id } = namesOf(first);
  const bytes = { header: first.header.bytes, body };

  it('report an operation whole: who, where, when, and what it writes', () => {
    expect(reportOperation(bytes)).to.deep.equal({
      author,
      log,
      sequence: 0,
      id,
      time: '2023-11-14T22:13:20.123Z',
      prune: false,
      kind: 'gun/put',
      body: 'held',
      bytes: bytes.header.length + body.length,
      writes: [
        { soul: 's', key: 'k', state: 5, value: { '#': 't' } },
        { soul: 's', key: 'l', state: 6, value: 'x' },
      ],
    });
  });

  it('tell bodies that are held, pruned, of other kinds, and none', () => {
    const short = `${author.slice(0, 8)} #0  2023-11-14T22:13:20.123Z  ${id}`;
    expect(operationLine(reportOperation(bytes))).to.equal(`${short}  gun/put, 2 properties`);
    expect(operationLine(reportOperation({ ...bytes, body: undefined }))).to.equal(`${short}  body pruned`);
    const point = operationAfter(authorOf(1), first.header, undefined, { prune: true, timestamp });
    const line = operationLine(reportOperation({ header: point.header.bytes, body: undefined }));
    expect(line).to.match(/#1 .* no body, prunes$/);
    for (const [other, what] of [
      [foreignBody('x'), 'app/chat, 0 properties'],
      [Uint8Array.of(1), 'other bytes, 0 properties'],
    ] as const) {
      const { header } = operationAfter(authorOf(1), undefined, other);
      expect(operationLine(reportOperation({ header: header.bytes, body: other }))).to.include(what);
    }
  });

  it('tell what cannot be read', () => {
    const report = reportOperation({ header: Uint8Array.of(1), body: undefined });
    expect(operationLine(report)).to.equal('unreadable: the header is not canonical');
  });

  it('write dates where there are any', () => {
    expect(dateText(0)).to.equal('1970-01-01T00:00:00.000Z');
    expect(dateText(1e300)).to.equal('1e+300');
    const { header } = operationAfter(authorOf(1), undefined, undefined, { timestamp: 2n ** 64n - 1n });
    expect(operationLine(reportOperation({ header: header.bytes, body: undefined }))).to.include(
      '18446744073709550',
    );
  });

  it('tell who wrote what', () => {
    const report = { soul: 's', key: 'k', value: { '#': 't' }, state: 0 };
    const what = 'k = {"#":"t"}  1970-01-01T00:00:00.000Z';
    expect(blameLine(report)).to.equal(`${what}  unsigned`);
    const said = { author, log, sequence: 3, id, time: '', kind: 'gun/put' };
    expect(blameLine({ ...report, said })).to.equal(`${what}  signed by ${author} #3 (${id})`);
    expect(blameLine({ ...report, said: { ...said, kind: 'gun/seen' } })).to.include('  seen by ');
  });

  it('tell where logs end, what is wrong with them and what an import came to', () => {
    const head = { author, log, first: 2, height: 4, tip: id, operations: 3, side: undefined };
    const ends = `${author}  log ${log.slice(0, 8)}  #2 to #4, 3 operations, tip ${id.slice(0, 8)}`;
    expect(headLine(head)).to.equal(ends);
    expect(headLine({ ...head, side: { from: 3, tip: id } })).to.equal(`${ends}, forked at #3`);
    const faults = [
      { sequence: 3, id, reason: 'signature' },
      { sequence: undefined, id: undefined, reason: 'gap' },
    ] as const;
    const place = `${author}  log ${log.slice(0, 8)}`;
    expect(verdictLines({ author, log, operations: 3, faults })).to.deep.equal([
      `${place} #3 ${id.slice(0, 8)}: the signature does not fit the author`,
      `${place}: operations before it are missing`,
    ]);
    expect(verifiedLine({ logs: 1, operations: 2, faulty: 0 })).to.equal('1 log, 2 operations: whole');
    expect(verifiedLine({ logs: 2, operations: 1, faulty: 1 })).to.equal(
      '2 logs, 1 operation: 1 log not whole',
    );
    expect(importLines({ taken: 2, known: 1, refused: { why: 3 }, fault: 'byte 9: x' })).to.deep.equal([
      '2 operations taken in, 1 known before',
      '3 refused: why',
      'the rest was not looked at: byte 9: x',
    ]);
  });
});
