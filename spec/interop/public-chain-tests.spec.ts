/**
 * Gun's own public tests of its chain (`test/common.js` of the installed package), run with this project's `Gun` in
 * the place of gun's. Nothing of them is kept here. Gun 0.2020.1241 itself passes all 103 that can be run when it is
 * given the same; one of them, with members of members, calls back twice now and then.
 */
import { expect } from 'chai';
import { runPublicChainTests, type PublicTest } from '../support/public-chain-tests.ts';

const BUILT_INS = "tests what gun's shim adds to String and Object; this library changes no built-ins";
const YSON = 'tests the parser of gun/lib/yson, which is no part of the chain';

/** What is not run, and why. */
const WITHOUT: ReadonlyMap<string, string> = new Map([
  ['Utility › YSON › backslash', YSON],
  ['Utility › YSON › stringify', YSON],
  ['Utility › Type Check › random text', BUILT_INS],
  ['Utility › Type Check › match text', BUILT_INS],
  ['Utility › Type Check › plain object', BUILT_INS],
  ['Utility › Type Check › empty', BUILT_INS],
  [
    'API › Check multi instance message passing',
    "carries messages between two graphs without peers by hand, over gun's internal bus",
  ],
  ['API › get map should not slowdown', 'judges by milliseconds of wall time'],
]);
/** How many there are, without those that are not run; gun passes them. */
const PASSED_BY_GUN = 95;
/** With `TORTURE=full` gun itself is run as well. */
const IMPLEMENTATIONS =
  process.env['TORTURE'] === 'full' ? (['thicket', 'gun'] as const) : (['thicket'] as const);

for (const implementation of IMPLEMENTATIONS) {
  describe(`interop: gun's public tests of the chain, with ${implementation}`, function () {
    this.timeout(120_000);
    let tests: readonly PublicTest[];

    before(async () => {
      tests = await runPublicChainTests(implementation, [...WITHOUT.keys()]);
    });

    const ended = (outcome: PublicTest['outcome']): PublicTest[] =>
      tests.filter((test) => test.outcome === outcome);

    it('are all there', () => {
      expect(tests.length - ended('skipped').length).to.equal(PASSED_BY_GUN);
    });

    it('pass', () => {
      console.log(`      ${ended('passed').length} of ${PASSED_BY_GUN}, ${WITHOUT.size} not run`);
      const failed = ended('failed').map(({ title, error }) => `${title}: ${error}`);
      if (implementation === 'thicket') expect(failed).to.deep.equal([]);
      else expect(ended('passed').length).to.be.at.least(PASSED_BY_GUN - 1);
    });
  });
}
