/** Behaviour of the store with the numbers of marks and of what commits sign: what they name says what nodes have, whatever it goes through. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { runWithPauses } from '../../../lib/base/slices.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { nodeKey } from '../../../lib/store/keys.ts';
import { decodeNode, sourceIn } from '../../../lib/store/node-record.ts';
import { markOfSource } from '../../../lib/store/node-source.ts';
import { AT_ONCE_WRITES, WITNESS_WAIT_MS } from '../../../lib/store/witness.ts';
import { writesOf } from '../../../lib/sync/said-writes.ts';
import { seeded } from '../../support/arbitraries.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { authorOf } from '../../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../../support/logged-store.ts';
import { copyWithout, NOTHING_FOUND, rebuilt } from '../../support/rebuilding.ts';
import { scaled } from '../../torture/scale.ts';

const SOULS = Array.from({ length: 6 }, (_, at) => `s${at}`);
/** Longer than the witness waits, and than it pauses after a failure. */
const LONG_MS = 10 * WITNESS_WAIT_MS + 1;

const aStep = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), soul: fc.nat(5), key: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('many' as const), soul: fc.nat(5), key: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), soul: fc.nat(5), key: fc.nat(1) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('wait' as const, 'flush' as const, 'kill' as const, 'restart' as const),
      soul: fc.constant(0),
      key: fc.constant(0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('plain' as const, 'rekey' as const, 'renew' as const),
      soul: fc.constant(0),
      key: fc.constant(0),
    }),
  },
);

/** A store that is stopped and opened again. */
class Life {
  readonly clock = new FakeClock();
  memory = new MemoryStorage();
  store!: LoggedStore;
  #signer = 200;
  #witnesses = true;
  #state = 0;

  async open(): Promise<void> {
    this.store = await openLogged({
      memory: this.memory,
      clock: this.clock,
      snapshotAfter: 6,
      signer: authorOf(this.#signer),
      witnesses: this.#witnesses,
    });
  }

  async step({ do: what, soul, key }: { do: string; soul: number; key: number }): Promise<void> {
    this.#state += 1;
    const write = writeOf(SOULS[soul]!, `k${key}`, this.#state, this.#state);
    if (what === 'put') await this.store.small.put([write]);
    else if (what === 'many') await this.store.small.put([write, ...this.#others(soul)]);
    else if (what === 'fail') await this.#fail([write, ...(key === 0 ? [] : this.#others(soul))]);
    else if (what === 'wait') this.clock.advance(LONG_MS);
    else if (what === 'flush') await this.store.witness.flush();
    else if (what === 'renew') this.store.witness.renew();
    else await this.#again(what);
    await this.store.small.writer.idle();
  }

  /** Closes in a way that nothing is left to be witnessed, and opens it again. */
  async end(): Promise<void> {
    this.#witnesses = true;
    await this.#again('restart');
    await this.store.witness.flush();
    this.clock.advance(LONG_MS);
    await this.store.witness.flush();
  }

  /** So many writes that the commit signs them. */
  #others(soul: number): FieldWrite[] {
    return Array.from({ length: AT_ONCE_WRITES }, (_, at) =>
      writeOf(at < 2 ? SOULS[(soul + 1 + at) % SOULS.length]! : `many${at % 40}`, `k${at}`, this.#state, at),
    );
  }

  async #fail(writes: readonly FieldWrite[]): Promise<void> {
    const { storage } = this.store.small;
    storage.fails = (operation) => operation === 'commit';
    expect(await this.store.small.put(writes)).to.have.property('ok', false);
    storage.fails = () => false;
  }

  async #again(what: string): Promise<void> {
    const { memory } = this.store.small;
    const asItIs = what === 'kill' ? await copyWithout(memory) : undefined;
    await this.store.close();
    this.memory = asItIs ?? memory;
    if (what === 'plain') this.#witnesses = !this.#witnesses;
    if (what === 'rekey') this.#signer += 1;
    await this.open();
  }
}

/** Checks that each node whose record names a number has what the operation says that the number names. */
async function expectNamed({ small, logs }: LoggedStore): Promise<number> {
  let named = 0;
  for (const soul of [...SOULS, ...Array.from({ length: 40 }, (_, at) => `many${at}`)]) {
    const record = await small.memory.getText(nodeKey(soul));
    const source = sourceIn(record);
    const number = source === undefined ? undefined : markOfSource(source);
    if (number === undefined) continue;
    const shortId = await runWithPauses(logs.witnessSteps(number));
    // A snapshot took the place of the operation, and the history notes that.
    const found = shortId === undefined ? undefined : await logs.operationLike(shortId);
    if (found === undefined) continue;
    const says = writesOf(found.operation);
    if (!says.ok) throw new Error(says.reason);
    const said = new Set(says.value.map(({ soul: of, key, state, json }) => `${of} ${key} ${state} ${json}`));
    for (const [key, { state, json }] of decodeNode(record) as ReadonlyMap<string, FieldWrite>)
      expect(said.has(`${soul} ${key} ${state} ${json}`), `${soul} ${key} ${state}`).to.equal(true);
    named += 1;
  }
  return named;
}

describe('store.witness-marks numbers', () => {
  it('name what says the node, and lose no history, whatever a store goes through', async function () {
    this.timeout(60_000);
    let named = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(aStep, { minLength: 5, maxLength: 40 }), async (steps) => {
        const life = new Life();
        await life.open();
        for (const step of steps) await life.step(step);
        await life.end();
        const isPlain = steps.some((step) => step.do === 'plain');
        named += await expectNamed(life.store);
        const report = await rebuilt(life.store);
        expect({ ...report, unsigned: isPlain ? 0 : report.unsigned }).to.deep.equal(NOTHING_FOUND);
        for (const soul of isPlain ? [] : SOULS) {
          const winners = await life.store.history.winners(soul, { until: Infinity });
          for (const [key, { state, json }] of (await life.store.small.graph.readNode(soul))?.fields ?? [])
            expect(winners.get(key), `${soul} ${key}`).to.deep.include({ state, json });
        }
        await life.store.close();
      }),
      seeded(scaled(30, 1000)),
    );
    expect(named).to.be.above(20);
  });
});
