import { expect } from 'chai';
import { drawSummary } from './picture.ts';
import { printSummary } from './print.ts';
import type { Row } from './row.ts';
import { type Sample, summarise } from './summary.ts';

function sample(round: number, relay: Sample['relay'], value: number, cpuMicroseconds?: number): Sample {
  const row: Row = { name: 'put <1>', unit: 'puts/s', value, cpuMicroseconds };
  return { round, relay, row };
}

const SAMPLES: readonly Sample[] = [
  sample(1, 'thicket', 100, 10),
  sample(1, 'gun', 10, 200),
  sample(2, 'thicket', 300, 20),
  sample(2, 'gun', 20, 100),
  sample(3, 'thicket', 200, 15),
  sample(3, 'gun', 50, 150),
];

describe('summary of the bench', () => {
  it('takes the median of each relay over its rounds', () => {
    const [row] = summarise(SAMPLES);
    expect(row?.thicket.value).to.equal(200);
    expect(row?.gun.value).to.equal(20);
    expect(row?.thicket.cpuMicroseconds).to.equal(15);
    expect(row?.gun.rounds).to.equal(3);
  });

  it('forms ratios inside each round and takes their median', () => {
    const [row] = summarise(SAMPLES);
    expect(row?.valueRatio).to.equal(10);
    expect(row?.cpuRatio).to.equal(10);
  });

  it('keeps the order in which rows first appear and leaves the absent relay empty', () => {
    const other: Sample = { round: 1, relay: 'thicket', row: { name: 'memory', unit: 'MiB', value: 90 } };
    const rows = summarise([other, ...SAMPLES]);
    expect(rows.map(({ name }) => name)).to.deep.equal(['memory', 'put <1>']);
    expect(rows[0]?.gun.value).to.be.NaN;
    expect(rows[0]?.valueRatio).to.be.NaN;
  });

  it('pairs a relay of one round with the other relay of the same round only', () => {
    const [row] = summarise([sample(1, 'thicket', 8), sample(2, 'thicket', 100), sample(1, 'gun', 4)]);
    expect(row?.valueRatio).to.equal(2);
  });

  it('prints both relays in one line', () => {
    const line = printSummary(summarise(SAMPLES)).split('\n').at(-1);
    expect(line?.split(/ {2,}/)).to.deep.equal([
      'put <1>',
      'puts/s',
      '200',
      '20',
      '10',
      '15',
      '150',
      '10',
      '–',
      '–',
      '–',
      '–',
    ]);
  });

  it('draws a bar for each relay with names escaped, and nothing for rows without CPU of both', () => {
    const svg = drawSummary(
      summarise([...SAMPLES, { round: 1, relay: 'gun', row: { name: 'disk', unit: 'B', value: 1 } }]),
    );
    expect(svg).to.include('put &lt;1&gt;').and.to.include('>10x<');
    expect(svg).not.to.include('disk');
    expect(svg.match(/<rect x="330"/g)).to.have.length(2);
  });

  it('draws an empty picture when nothing can be compared', () => {
    expect(drawSummary([]))
      .to.match(/^<svg [^>]*viewBox="0 0 900 \d+"/)
      .and.not.to.include('NaN');
  });
});
