import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { Progress } from '../../relay/progress.ts';

/** A stream that says whether it is a terminal, and what was drawn on it. */
function drawn(isTTY: boolean, total: number | undefined): string {
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    columns: 120,
    cursorTo: () => true,
    moveCursor: () => true,
    clearLine: () => true,
    clearScreenDown: () => true,
  });
  const progress = new Progress(stream, total, 'operations');
  progress.add(total ?? 5);
  progress.stop();
  progress.stop();
  return String(stream.read() ?? '');
}

describe('relay progress', () => {
  it('draws a bar on a terminal', () => {
    expect(drawn(true, 10)).to.include('#').and.to.include('of 10 operations');
  });

  it('draws nothing where nobody looks, and where nobody knows how much there is', () => {
    expect(drawn(false, 10)).to.equal('');
    expect(drawn(true, undefined)).to.equal('');
  });
});
