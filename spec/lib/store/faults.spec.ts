/** Behaviour of the store when its storage fails: whatever call fails or never comes back, acknowledged writes stay and refused ones leave no trace. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { FakeClock, START_MS } from '../../support/fake-clock.ts';
import { expectNoLoosePieces } from '../../support/loose-pieces.ts';
import { lineOfField, NaiveGraph } from '../../support/naive-graph.ts';
import { openStore, SmallStore } from '../../support/small-store.ts';

/** A text that is stored in pieces. */
function long(letter: string): string {
  return letter.repeat(40_000);
}

/** Steps of a scenario: requests sent at once, or something between them. */
type Step = readonly (readonly FieldWrite[])[] | 'settle' | 'read' | 'mature';

function past(soul: string, key: string, state: number, value: string): FieldWrite {
  return writeOf(soul, key, state, value);
}

function future(key: string, byMs: number, value: string): FieldWrite {
  return writeOf('later', key, START_MS + byMs, value);
}

/** More properties than a list of keys holds. */
function wide(state: number): FieldWrite[] {
  return Array.from({ length: 40 }, (_, index) => past('wide', `k${index}`, state, `state ${state}`));
}

/** Everything a writer does: new nodes, changes, ties, losing writes, large nodes, future writes and their time. */
const SCENARIO: readonly Step[] = [
  [[past('a', 'x', 1, 'first')]],
  [
    [past('a', 'x', 2, 'second'), past('a', 'y', 1, 'first')],
    [past('b', 'x', 1, 'first')],
    [past('a', 'x', 1, 'old')],
  ],
  'read',
  [wide(1)],
  [[future('k', 5, 'b'), past('a', 'z', 1, 'beside')], [future('l', 5, 'l')], [future('m', 500, 'm')]],
  'settle',
  'read',
  [
    [future('k', 5, 'c')],
    [future('k', 5, 'a')],
    [past('a', 'x', 2, 'tie: zzz'), past('a', 'x', 2, 'tie: aaa')],
  ],
  'settle',
  'mature',
  [wide(2), [past('wide', 'new', 1, 'new')], [past('later', 'k', 1, 'old')]],
  [[past('a', 'long', 2, long('a'))], [past('wide', 'long', 1, long('w')), future('long', 30, long('a'))]],
  'settle',
  'read',
  [[past('a', 'long', 2, long('a'))], [past('wide', 'long', 2, 'short now'), future('long', 30, long('b'))]],
  'settle',
  [[past('a', 'long', 2, long('b'))], [past('wide', 'k7', 3, long('c'))]],
  'read',
  'settle',
  'mature',
  [[past('a', 'x', 3, 'third')], [future('n', 900, 'n')]],
  'settle',
];

const ALL_WRITES = SCENARIO.flatMap((step) => (typeof step === 'string' ? [] : step.flat()));
const SOULS = [...new Set(ALL_WRITES.map(({ soul }) => soul)), 'afterwards'];

/** What became of the requests of a scenario. */
interface Told {
  readonly acknowledged: FieldWrite[];
  readonly refused: FieldWrite[];
}

/** Plays the scenario; does not wait for answers that may never come. */
async function play(store: SmallStore, settle: () => Promise<void>): Promise<Told> {
  const told: Told = { acknowledged: [], refused: [] };
  for (const step of SCENARIO) {
    if (step === 'settle') await settle();
    else if (step === 'read')
      for (const soul of SOULS) Promise.resolve(store.graph.readNode(soul)).catch(() => undefined);
    else if (step === 'mature') {
      store.time.advance(20);
      await settle();
    } else {
      for (const writes of step) {
        store.writer.submit({
          writes,
          owner: 'p',
          settle: ({ ok }) => void (ok ? told.acknowledged : told.refused).push(...writes),
        });
      }
      await nextTurn();
    }
  }
  await settle();
  return told;
}

/** Storage calls that the scenario takes when nothing fails. */
async function stepsOf(late: boolean, isSealed: boolean): Promise<number> {
  const store = await openStore({ isSealed });
  store.storage.late = late;
  const before = store.storage.steps;
  const told = await play(store, () => store.writer.idle());
  const steps = store.storage.steps - before;
  expect(told.acknowledged).to.have.length(ALL_WRITES.length);
  await store.close();
  return steps;
}

/** Opens what is left and lets all time pass; gives everything it holds. */
async function finalLines({ memory }: SmallStore, isSealed: boolean): Promise<string[]> {
  const again = await openStore({ memory, isSealed, clock: new FakeClock(START_MS + 10_000) });
  await again.writer.idle();
  again.time.advance(0);
  await again.writer.idle();
  const lines = await again.lines();
  expect(await again.cachedLines(SOULS)).to.deep.equal(lines);
  expect(again.writer.deferredCount).to.equal(0);
  await expectNoLoosePieces(memory);
  await again.close();
  return lines;
}

/** Storages that answer at once or later, and that of the relay. */
const KINDS: readonly (readonly [late: boolean, isSealed: boolean])[] = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
];

describe('the store when storage fails', () => {
  for (const [late, isSealed] of KINDS) {
    const how = `${late ? 'answers later' : 'answers at once'}${isSealed ? ' and checks what it holds' : ''}`;

    it(`keeps what it acknowledged and nothing else when any one call fails and storage ${how}`, async () => {
      const steps = await stepsOf(late, isSealed);
      expect(steps).to.be.greaterThan(15);
      let refusals = 0;
      for (let failing = 0; failing < steps; failing += 1) {
        const store = await openStore({ isSealed });
        store.storage.late = late;
        const first = store.storage.steps;
        store.storage.fails = (_, step) => step - first === failing;
        const told = await play(store, () => store.writer.idle());
        expect(told.acknowledged.length + told.refused.length, `step ${failing}`).to.equal(ALL_WRITES.length);
        refusals += told.refused.length;
        const later = past('afterwards', 'x', 1, 'later');
        expect((await store.put([later])).ok, `a put after step ${failing}`).to.equal(true);
        told.acknowledged.push(later);
        const expected = new NaiveGraph().putAll(told.acknowledged).lines();
        await store.writer.close();
        expect(await finalLines(store, isSealed), `step ${failing}`).to.deep.equal(expected);
      }
      expect(refusals).to.be.greaterThan(0);
    });

    it(`keeps what it acknowledged and nothing else when every call fails for a while and storage ${how}`, async () => {
      const steps = await stepsOf(late, isSealed);
      for (let failing = 0; failing < steps; failing += 1) {
        const store = await openStore({ isSealed });
        store.storage.late = late;
        const first = store.storage.steps;
        store.storage.fails = (_, step) => step - first >= failing && step - first < failing + 4;
        const told = await play(store, () => store.writer.idle());
        const expected = new NaiveGraph().putAll(told.acknowledged);
        store.storage.fails = () => false;
        store.time.advance(10_000);
        await store.writer.idle();
        const own = await store.lines();
        expect(own, `step ${failing}, without a restart`).to.deep.equal(expected.lines());
        expect(await store.cachedLines(SOULS), `step ${failing}, through the cache`).to.deep.equal(own);
        await store.writer.close();
        expect(await finalLines(store, isSealed), `step ${failing}, after a restart`).to.deep.equal(own);
      }
    });

    for (const when of ['before', 'after'] as const) {
      it(`keeps what it acknowledged when the process ends ${when} any call and storage ${how}`, async () => {
        const steps = await stepsOf(late, isSealed);
        for (let fatal = 0; fatal < steps; fatal += 1) {
          const store = new SmallStore({ isSealed });
          await store.open();
          store.storage.late = late;
          const first = store.storage.steps;
          store.storage.hangs = (_, step) => (step - first >= fatal ? when : undefined);
          const told = await play(store, async () => {
            for (let turn = 0; turn < 4; turn += 1) await nextTurn();
          });
          const lines = new Set(await finalLines(store, isSealed));
          const possible = ALL_WRITES.filter((write) => !told.refused.includes(write));
          expect(told.refused).to.deep.equal([]);
          for (const write of told.acknowledged) {
            const beaten = possible.filter(
              (other) => other.soul === write.soul && other.key === write.key && beats(other, write),
            );
            expect(
              [write, ...beaten].some((each) => lines.has(lineOf(each))),
              `step ${fatal}: ${lineOf(write)}`,
            ).to.equal(true);
          }
          const explained = new Set(possible.map(lineOf));
          for (const line of lines) expect(explained.has(line), `step ${fatal}: ${line}`).to.equal(true);
        }
      });
    }
  }
});

function lineOf({ soul, key, state, json }: FieldWrite): string {
  return lineOfField(soul, key, state, json);
}

function beats(a: FieldWrite, b: FieldWrite): boolean {
  return a.state > b.state || (a.state === b.state && a.json > b.json);
}
