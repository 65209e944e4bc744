import { expect } from 'chai';
import { AuthorBatch } from '../../../lib/api/author-batch.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { putTimersOn } from '../../support/code-timers.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function write(key: string): FieldWrite {
  return writeOf('s', key, 5, 1);
}

describe('AuthorBatch', () => {
  let time: FakeClock;
  let putBack: () => void;
  let published: string[];
  let fault: Error | undefined;
  let batch: AuthorBatch<number>;

  beforeEach(() => {
    time = new FakeClock();
    putBack = putTimersOn(time, /\/lib\/api\//);
    published = [];
    fault = undefined;
    batch = new AuthorBatch({
      waitMs: 20,
      mostBytes: 100,
      publish: async (writes) => {
        published.push(writes.map(({ key }) => key).join(''));
        if (fault !== undefined) throw fault;
        return published.length;
      },
    });
  });

  afterEach(() => putBack());

  it('opens with the first write and closes after the window; all that came share what comes of it', async () => {
    const one = batch.add([write('a')], 1);
    time.advance(19);
    const two = batch.add([write('b'), write('c')], 1);
    expect(published).to.deep.equal([]);
    time.advance(1);
    expect(published).to.deep.equal(['abc']);
    expect(await Promise.all([one, two])).to.deep.equal([1, 1]);
    const three = batch.add([write('d')], 1);
    time.advance(20);
    expect(await three).to.equal(2);
  });

  it('begins anew when there is no room: for bytes, or for writes', async () => {
    void batch.add([write('a')], 60);
    void batch.add([write('b')], 60);
    expect(published).to.deep.equal(['a']);
    const many = Array.from({ length: 1000 }, () => write('m'));
    void batch.add(many, 1);
    expect(published).to.deep.equal(['a', 'b']);
    time.advance(20);
    expect(published.map((keys) => keys.length)).to.deep.equal([1, 1, 1000]);
  });

  it('takes what is too large alone', async () => {
    const whole = batch.add([write('a')], 1000);
    time.advance(20);
    expect(await whole).to.equal(1);
  });

  it('publishes at once when told so, and nothing when there is nothing', async () => {
    batch.flush();
    const one = batch.add([write('a')], 1);
    batch.flush();
    expect(await one).to.equal(1);
    time.advance(100);
    expect(published).to.deep.equal(['a']);
  });

  it('tells everybody whose write failed', async () => {
    fault = new Error('no');
    const failing = [batch.add([write('a')], 1), batch.add([write('b')], 1)];
    time.advance(20);
    for (const one of failing) expect(await one.catch((error: unknown) => error)).to.equal(fault);
  });
});
