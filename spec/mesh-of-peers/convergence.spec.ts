import { expect } from 'chai';
import { seed } from '../support/seed.ts';
import { Simulation, type Topology } from './simulation.ts';

const TOPOLOGIES: readonly Topology[] = ['line', 'ring', 'star', 'full'];
/** Runs over all topologies: many, as SEEDS says, or the one of each that SEED names. */
const RUNS = process.env['SEED'] === undefined ? Number(process.env['SEEDS'] ?? 320) : TOPOLOGIES.length;

describe(`a mesh of peers (seeds from ${seed})`, function () {
  this.timeout(60_000 + 1000 * RUNS);

  for (const topology of TOPOLOGIES) {
    const runs = Math.ceil(RUNS / TOPOLOGIES.length);

    it(`joined as a ${topology} converges after trouble, without a storm: ${runs} runs`, async () => {
      const failures: string[] = [];
      for (let run = 0; run < runs; run += 1) {
        const { faults, messages, mostMessages } = await new Simulation(seed + run, topology).run();
        const storm =
          messages > mostMessages ? [`${messages} messages, at most ${mostMessages} expected`] : [];
        for (const fault of [...storm, ...faults]) failures.push(`SEED=${seed + run} ${topology}: ${fault}`);
      }
      expect(failures, failures.join('\n')).to.deep.equal([]);
    });
  }
});
