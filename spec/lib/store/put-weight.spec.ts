import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { weighPuts } from '../../../lib/store/put-weight.ts';

function textOf(length: number): ReturnType<typeof writeOf> {
  return writeOf('soul', 'key', 1, 'x'.repeat(length));
}

describe('store/put-weight', () => {
  const weigh = weighPuts({ waitingPuts: 100, waitingLength: 100_000 });

  it('is one for a small put, and more for a longer one, be it of one write or of many', () => {
    expect(weigh([])).to.equal(1);
    expect(weigh([textOf(500)])).to.equal(1);
    expect(weigh([textOf(4500)])).to.equal(5);
    expect(weigh(Array.from({ length: 9 }, () => textOf(350)))).to.equal(5);
    expect(weigh([writeOf('soul', 'k'.repeat(4500), 1, 1)])).to.equal(5);
  });

  it('counts what tiny writes take beside their texts, which is most of it', () => {
    const tiny = Array.from({ length: 100 }, (_, at) => writeOf(`s${at}`, 'k', 1, 1));
    expect(weigh(tiny)).to.be.within(15, 20);
  });

  it('is no more than there are places, so that what is longest may wait alone', () => {
    expect(weigh([textOf(200_000)])).to.equal(100);
    expect(weighPuts({ waitingPuts: 0, waitingLength: 1 })([textOf(1)])).to.equal(1);
  });

  it('lets no more characters wait than it should', () => {
    for (const length of [1, 500, 900, 1000, 1100, 30_000]) {
      const put = [textOf(length)];
      expect(length * Math.floor(100 / weigh(put)), String(length)).to.be.at.most(100_000);
    }
  });
});
