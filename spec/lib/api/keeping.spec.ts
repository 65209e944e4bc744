/** Behaviour of what apps keep in a storage: whatever happens meanwhile it is what a naive graph holds, and nothing told as kept is lost. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { aName, aState, aValue, batches, seeded, shuffled } from '../../support/arbitraries.ts';
import { FakeClock, START_MS } from '../../support/fake-clock.ts';
import { lineOfField, NaiveGraph } from '../../support/naive-graph.ts';
import { SmallKeeper } from '../../support/small-keeper.ts';

/** What happens after a batch of writes; a failing commit refuses what it would have kept. */
type Pause =
  | { readonly kind: 'nothing' | 'turn' | 'idle' | 'reopen' | 'fail' }
  | { readonly kind: 'read'; readonly soul: string }
  | { readonly kind: 'advance'; readonly byMs: number };

interface Scenario {
  readonly batches: readonly (readonly FieldWrite[])[];
  readonly pauses: readonly Pause[];
  readonly late: boolean;
  readonly cacheBytes: number;
}

const STATE = fc.oneof(
  { weight: 4, arbitrary: aState() },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }).map((byMs) => START_MS + byMs / 2) },
);

const SCENARIO: Arbitrary<Scenario> = fc.tuple(aName(), aName()).chain((souls) => {
  const key = fc.oneof(fc.constantFrom('a', 'b', '__proto__'), aName());
  const write = fc
    .record({ soul: fc.constantFrom(...souls), key, state: STATE, value: aValue() })
    .map(({ soul, key: name, state, value }) => writeOf(soul, name, state, value));
  const pause: Arbitrary<Pause> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constantFrom('nothing' as const, 'turn', 'idle', 'reopen', 'fail') }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('read' as const), soul: fc.constantFrom(...souls) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('advance' as const), byMs: fc.integer({ min: 0, max: 9 }) }),
    },
  );
  return fc.record({
    batches: fc
      .array(write, { minLength: 1, maxLength: 60 })
      .chain(shuffled)
      .chain((order) => batches(order)),
    pauses: fc.array(pause, { minLength: 1, maxLength: 20 }),
    late: fc.boolean(),
    cacheBytes: fc.constantFrom(0, 3000, 1 << 20),
  });
});

/** An app that plays a scenario; it remembers what it was told. */
class Played {
  app: SmallKeeper;
  readonly kept: FieldWrite[] = [];
  readonly #scenario: Scenario;
  #running: Promise<unknown>[] = [];

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.app = this.#make(undefined);
  }

  async play(): Promise<void> {
    const { batches: all, pauses } = this.#scenario;
    await this.app.open();
    for (const [at, writes] of all.entries()) {
      const isOwn = at % 3 === 0 && writes.every(({ state }) => state <= START_MS);
      const told = this.app.put(writes, isOwn).then(({ ok }) => ok && this.kept.push(...writes));
      this.#running.push(told);
      await this.#pause(pauses[at % pauses.length]!);
    }
    await this.idle();
  }

  async idle(): Promise<void> {
    await Promise.all(this.#running.splice(0));
    await this.app.idle();
  }

  /** What is kept is what a naive graph holds of what was told as kept and is due, before and after a restart. */
  async expectEqual(): Promise<void> {
    const now = this.app.time.clock();
    const naive = new NaiveGraph().putAll(this.kept.filter(({ state }) => state <= now));
    const souls = this.#scenario.batches.flat().map(({ soul }) => soul);
    expect(await this.app.lines(souls)).to.deep.equal(naive.lines());
    expect(await this.app.fieldLines(this.#scenario.batches.flat())).to.deep.equal(naive.lines());
    await this.#reopen();
    expect(await this.app.lines(souls), 'opened again').to.deep.equal(naive.lines());
  }

  #make(before: SmallKeeper | undefined): SmallKeeper {
    const { late, cacheBytes } = this.#scenario;
    const app = new SmallKeeper({ limits: { cacheBytes }, time: before?.time, memory: before?.memory });
    app.storage.late = late;
    return app;
  }

  async #pause(pause: Pause): Promise<void> {
    if (pause.kind === 'turn') await nextTurn();
    else if (pause.kind === 'idle') await this.idle();
    else if (pause.kind === 'read') this.#running.push(this.app.lines([pause.soul]));
    else if (pause.kind === 'advance') this.app.time.advance(pause.byMs);
    else if (pause.kind === 'reopen') await this.#reopen();
    else if (pause.kind === 'fail') await this.#failOnce();
  }

  async #failOnce(): Promise<void> {
    this.app.storage.fails = (operation) => operation === 'commit';
    await this.idle();
    this.app.storage.fails = () => false;
  }

  async #reopen(): Promise<void> {
    await this.idle();
    await this.app.keeper.close();
    this.app = await this.#make(this.app).open();
    await this.app.idle();
  }
}

/** Everything a keeper does: new properties, ties, losing writes, future writes and their time, unsent writes. */
const STEPS: readonly (readonly (readonly FieldWrite[])[])[] = [
  [[said('a', 'x', 1, 'first')]],
  [
    [said('a', 'x', 2, 'second'), said('a', 'y', 1, 'y')],
    [said('a', 'x', 1, 'old')],
    [said('b', 'x', 1, 'b')],
  ],
  [
    [said('c', 'k', START_MS + 5, 'soon'), said('c', 'z', 1, 'beside')],
    [said('c', 'l', START_MS + 5, 'too')],
  ],
  [[said('c', 'k', START_MS + 5, 'zoon')], [said('c', 'm', START_MS + 500, 'late')]],
  [[said('a', 'x', 2, 'tie: zzz'), said('a', 'x', 2, 'tie: aaa')]],
  [[said('a', 'x', 3, 'third')], [said('c', 'n', START_MS + 900, 'n')]],
];
const ALL = STEPS.flat(2);
const SOULS = ['a', 'b', 'c', 'afterwards'];

function said(soul: string, key: string, state: number, value: string): FieldWrite {
  return writeOf(soul, key, state, value);
}

/** What became of the steps. */
interface Told {
  readonly kept: FieldWrite[];
  readonly refused: FieldWrite[];
  /** Ids of unsent writes told as kept. */
  readonly unsent: string[];
}

/** Goes through the steps, of which each lets a little time pass; waits for no answers that may never come. */
async function takeSteps(app: SmallKeeper, settle: () => Promise<unknown>): Promise<Told> {
  const told: Told = { kept: [], refused: [], unsent: [] };
  for (const [number, requests] of STEPS.entries()) {
    for (const [place, writes] of requests.entries()) {
      const id = `${number}-${place}`;
      app.keeper.keepUnsent({ id, putJson: '{}' }).then(
        () => told.unsent.push(id),
        () => undefined,
      );
      app.put(writes).then(
        ({ ok }) => (ok ? told.kept : told.refused).push(...writes),
        () => undefined,
      );
    }
    await settle();
    app.time.advance(3);
    await settle();
  }
  return told;
}

/** Storage calls of all the steps when none fails. */
async function callsOf(late: boolean): Promise<number> {
  const app = await new SmallKeeper().open();
  app.storage.late = late;
  const before = app.storage.steps;
  const { kept, unsent } = await takeSteps(app, () => app.idle());
  expect([kept.length, unsent.length]).to.deep.equal([ALL.length, STEPS.flat().length]);
  return app.storage.steps - before;
}

/** What is left, after a restart and when all time has passed. */
async function whatIsLeft({ memory }: SmallKeeper): Promise<SmallKeeper> {
  const again = await new SmallKeeper({ memory, time: new FakeClock(START_MS + 10_000) }).open();
  again.time.advance(1);
  await again.idle();
  return again;
}

describe('what apps keep', function () {
  this.timeout(30_000);

  it('is what a naive graph holds of what was told as kept, whatever happens between the writes', async () => {
    await fc.assert(
      fc.asyncProperty(SCENARIO, async (scenario) => {
        const played = new Played(scenario);
        await played.play();
        await played.expectEqual();
        played.app.time.advance(2000);
        await played.idle();
        await played.expectEqual();
        await played.app.keeper.close();
      }),
      seeded(100),
    );
  });

  for (const late of [false, true]) {
    const how = late ? 'answers later' : 'answers at once';

    it(`is all that was told as kept and nothing that was refused, when any calls fail and storage ${how}`, async () => {
      const calls = await callsOf(late);
      expect(calls).to.be.greaterThan(10);
      let refusals = 0;
      for (const failures of [1, 3]) {
        for (let failing = 0; failing < calls; failing += 1) {
          const app = await new SmallKeeper().open();
          app.storage.late = late;
          const first = app.storage.steps;
          app.storage.fails = (_, step) => step - first >= failing && step - first < failing + failures;
          const told = await takeSteps(app, () => app.idle());
          refusals += told.refused.length;
          app.storage.fails = () => false;
          app.time.advance(10_000);
          await app.idle();
          expect(await app.put([said('afterwards', 'x', 1, 'later')])).to.have.property('ok', true);
          const expected = new NaiveGraph()
            .putAll([...told.kept, said('afterwards', 'x', 1, 'later')])
            .lines();
          expect(await app.lines(SOULS), `call ${failing}, without a restart`).to.deep.equal(expected);
          await app.keeper.close();
          const again = await whatIsLeft(app);
          expect(await again.lines(SOULS), `call ${failing}, after a restart`).to.deep.equal(expected);
          expect(again.unsent).to.include.members(told.unsent);
        }
      }
      expect(refusals).to.be.greaterThan(0);
    });

    for (const when of ['before', 'after'] as const) {
      it(`is all that was told as kept when the app ends ${when} any call and storage ${how}`, async () => {
        const calls = await callsOf(late);
        for (let fatal = 0; fatal < calls; fatal += 1) {
          const app = await new SmallKeeper().open();
          app.storage.late = late;
          const first = app.storage.steps;
          app.storage.hangs = (_, step) => (step - first >= fatal ? when : undefined);
          const told = await takeSteps(app, () => nextTurn());
          expect(told.refused).to.deep.equal([]);
          const again = await whatIsLeft(app);
          expect(again.unsent).to.include.members(told.unsent);
          const lines = new Set(await again.lines(SOULS));
          for (const write of told.kept) {
            const explained = ALL.filter((other) => isSameOrBeats(other, write)).map(lineOf);
            expect(
              explained.some((line) => lines.has(line)),
              `call ${fatal}: ${lineOf(write)}`,
            ).to.equal(true);
          }
          const possible = new Set(ALL.map(lineOf));
          for (const line of lines) expect(possible.has(line), line).to.equal(true);
        }
      });
    }
  }
});

function lineOf({ soul, key, state, json }: FieldWrite): string {
  return lineOfField(soul, key, state, json);
}

function isSameOrBeats(a: FieldWrite, b: FieldWrite): boolean {
  if (a.soul !== b.soul || a.key !== b.key) return false;
  return a.state > b.state || (a.state === b.state && a.json >= b.json);
}
