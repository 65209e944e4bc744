/** Behaviour of the store as a replica: whatever the order, the groups, the caches and the restarts, it holds what a naive graph holds. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { aLongText, aName, aState, aValue, batches, seeded, shuffled } from '../../support/arbitraries.ts';
import { START_MS } from '../../support/fake-clock.ts';
import { expectNoLoosePieces } from '../../support/loose-pieces.ts';
import { NaiveGraph } from '../../support/naive-graph.ts';
import { openStore, type SmallStore, type SmallStoreOptions } from '../../support/small-store.ts';

/** What happens between two batches of writes. */
type Pause =
  | { readonly kind: 'nothing' | 'turn' | 'settle' | 'reopen' }
  | { readonly kind: 'read'; readonly soul: string; readonly key: string | undefined }
  | { readonly kind: 'advance'; readonly byMs: number };

interface Scenario {
  readonly writes: readonly FieldWrite[];
  readonly batches: readonly (readonly FieldWrite[])[];
  readonly pauses: readonly Pause[];
  /** True when nothing happens before the last thing is over. */
  readonly calm: boolean;
  /** Turns that each late answer of storage takes, over and over. */
  readonly delays: readonly number[];
  /** Settings of each opening, over and over. */
  readonly openings: readonly {
    readonly cacheBytes: number;
    readonly replyPartLength: number;
    readonly late: boolean;
  }[];
}

/** Writes that meet: to one or two souls, some of which have more keys than any list of them holds. */
function crowdedWrites(state: Arbitrary<number>, most: number): Arbitrary<FieldWrite[]> {
  const keys = fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom('a', 'b', '__proto__') },
    { weight: 1, arbitrary: aName() },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 45 }).map((index) => `key-number-${index}`) },
  );
  return fc.tuple(aName(), aName()).chain((souls) => {
    const value = fc.oneof({ weight: 9, arbitrary: aValue() }, { weight: 1, arbitrary: aLongText() });
    const write = fc
      .record({ soul: fc.constantFrom(...souls), key: keys, state, value })
      .map(({ soul, key, state: at, value: given }) => writeOf(soul, key, at, given));
    return fc.array(write, { minLength: 1, maxLength: most });
  });
}

function scenarios(state: Arbitrary<number>, most: number): Arbitrary<Scenario> {
  return crowdedWrites(state, most).chain((writes) => {
    const soul = fc.constantFrom(...new Set(writes.map((write) => write.soul)));
    const key = fc.option(fc.constantFrom(...new Set(writes.map((write) => write.key))), { nil: undefined });
    const pause: Arbitrary<Pause> = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('nothing' as const, 'turn', 'settle') }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), soul, key }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('advance' as const), byMs: fc.integer({ min: 0, max: 9 }) }),
      },
    );
    const opening = fc.record({
      cacheBytes: fc.constantFrom(0, 20_000, 1 << 26, 1 << 26),
      replyPartLength: fc.constantFrom(300, 1 << 18),
      late: fc.boolean(),
    });
    return fc.record({
      writes: fc.constant(writes),
      batches: shuffled(writes).chain((order) => batches(order)),
      pauses: fc.array(pause, { minLength: 1, maxLength: 30 }),
      calm: fc.boolean(),
      delays: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 9 }),
      openings: fc.array(opening, { minLength: 1, maxLength: 3 }),
    });
  });
}

/** A store that is closed and opened again in the middle of its work. */
class Replica {
  store!: SmallStore;
  readonly #scenario: Scenario;
  #openings = 0;
  #answers = 0;
  readonly #running: Promise<unknown>[] = [];

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  async open(before?: SmallStore): Promise<void> {
    const { openings } = this.#scenario;
    const { cacheBytes, replyPartLength, late } = openings[this.#openings % openings.length]!;
    this.#openings += 1;
    const base: SmallStoreOptions = before === undefined ? {} : { memory: before.memory, clock: before.time };
    this.store = await openStore({ ...base, limits: { cacheBytes, replyPartLength } });
    this.store.storage.late = late;
    this.store.storage.delay = () => this.#delay();
  }

  put(batch: readonly FieldWrite[]): void {
    this.#running.push(this.store.put(batch).then((outcome) => expect(outcome.ok).to.equal(true)));
  }

  async pause(pause: Pause): Promise<void> {
    if (pause.kind === 'turn') await nextTurn();
    else if (pause.kind === 'settle') await this.settle();
    else if (pause.kind === 'advance') this.store.time.advance(pause.byMs);
    else if (pause.kind === 'reopen') await this.#reopen();
    else if (pause.kind === 'read') this.#read(pause.soul, pause.key);
  }

  /** Waits until nothing runs. */
  async settle(): Promise<void> {
    await Promise.all(this.#running.splice(0));
    await this.store.writer.idle();
  }

  async #delay(): Promise<void> {
    const { delays } = this.#scenario;
    this.#answers += 1;
    for (let turn = delays[this.#answers % delays.length]!; turn > 0; turn -= 1) await nextTurn();
  }

  #read(soul: string, key: string | undefined): void {
    const { graph } = this.store;
    const reading = key === undefined ? graph.readNode(soul) : graph.readField(soul, key);
    this.#running.push(Promise.resolve(reading));
  }

  async #reopen(): Promise<void> {
    await this.settle();
    await this.store.writer.close();
    await this.open(this.store);
  }
}

async function run(scenario: Scenario): Promise<Replica> {
  const replica = new Replica(scenario);
  await replica.open();
  for (const [index, batch] of scenario.batches.entries()) {
    replica.put(batch);
    if (scenario.calm) await replica.settle();
    await replica.pause(scenario.pauses[index % scenario.pauses.length]!);
    if (scenario.calm) await replica.settle();
  }
  await replica.settle();
  return replica;
}

/** The replica must hold what the naive graph holds, in storage and through its cache, node by node and property by property. */
async function expectEqual({ store }: Replica, writes: readonly FieldWrite[]): Promise<void> {
  const naive = new NaiveGraph().putAll(writes);
  const lines = naive.lines();
  expect(await store.lines()).to.deep.equal(lines);
  expect(await store.fieldLines(writes)).to.deep.equal(lines);
  expect(await store.cachedLines(naive.souls())).to.deep.equal(lines);
  const again = await openStore({ memory: store.memory, clock: store.time });
  expect(await again.fieldLines(writes), 'opened again').to.deep.equal(lines);
  expect(await again.cachedLines(naive.souls()), 'opened again').to.deep.equal(lines);
  await expectNoLoosePieces(store.memory);
  await again.writer.close();
}

describe('the store as a replica', () => {
  it('holds what a naive graph holds after any writes, whatever happens between them', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios(aState(), 120), async (scenario) => {
        const replica = await run(scenario);
        await expectEqual(replica, scenario.writes);
        await replica.store.close();
      }),
      seeded(250),
    );
  });

  it('holds the same when some of the writes come from the future, and nothing of them before', async () => {
    const state = fc.oneof(
      aState(),
      fc.integer({ min: 1, max: 40 }).map((byMs) => START_MS + byMs / 2),
    );
    await fc.assert(
      fc.asyncProperty(scenarios(state, 40), async (scenario) => {
        const replica = await run(scenario);
        const now = replica.store.time.clock();
        await expectEqual(
          replica,
          scenario.writes.filter((write) => write.state <= now),
        );
        replica.store.time.advance(1000);
        await replica.settle();
        expect(replica.store.writer.deferredCount).to.equal(0);
        await expectEqual(replica, scenario.writes);
        await replica.store.close();
      }),
      seeded(200),
    );
  });

  it('is the same as another that took the same writes in another way', async () => {
    const pairs = crowdedWrites(aState(), 40).chain((writes) => {
      const way = scenarios(fc.constant(0), 1).chain((scenario) =>
        shuffled(writes)
          .chain((order) => batches(order))
          .map((cut): Scenario => Object.assign(scenario, { writes, batches: cut })),
      );
      return fc.tuple(way, way);
    });
    await fc.assert(
      fc.asyncProperty(pairs, async ([one, two]) => {
        const first = await run(one);
        const second = await run(two);
        expect(await first.store.lines()).to.deep.equal(await second.store.lines());
        await first.store.close();
        await second.store.close();
      }),
      seeded(100),
    );
  });
});
