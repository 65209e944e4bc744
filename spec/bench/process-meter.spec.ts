import { expect } from 'chai';
import { cpuSecondsIn, memoryIn } from './process-meter.ts';

describe('process meter of the bench', () => {
  it('adds user and system time, whatever the name of the command', () => {
    const stat = '42 (node (a) b) S 1 42 42 0 -1 4194560 9 0 0 0 150 50 7 7 20 0 11 0 123 456 789';
    expect(cpuSecondsIn(stat)).to.equal(2);
  });

  it('reads current and peak resident memory in MiB', () => {
    expect(memoryIn('Name:\tnode\nVmHWM:\t    3072 kB\nVmRSS:\t    2048 kB\n')).to.deep.equal({
      nowMib: 2,
      peakMib: 3,
    });
  });

  it('gives no numbers where the system tells nothing', () => {
    expect(cpuSecondsIn('')).to.be.NaN;
    expect(memoryIn('').nowMib).to.be.NaN;
  });
});
