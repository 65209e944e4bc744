/**
 * Two relays, one of which has a log of 100,000 small puts that the other lacks.
 */
import { unsignedBytesOf } from '../../../lib/log/codec.ts';
import { KeyPair, type Signer } from '../../../lib/log/key-pair.ts';
import { nodeSigner, nodeVerifier } from '../../../relay/node-ed25519.ts';
import type { Bench, BenchCase } from '../bench.ts';
import { feed, framesOf, heldUntil, smallPuts } from '../load/log-feed.ts';
import { type Core, LOAD_CORE, RELAY_CORE } from '../pinning.ts';
import type { RelayProcess } from '../relay-process.ts';

const OPERATIONS = 100_000;
/** Part of them that is enough where signatures are checked, which takes several times as long. */
const CHECKED_SHARE = 0.2;
/** Part of them after which the clock runs, so that the relay's code is compiled. */
const WARM_SHARE = 0.1;
const CHECKED = 5000;
const MILLISECONDS = 1000;

/** How the relay that lacks the log is run, and how many operations it gets. */
interface Receiving {
  readonly name: string;
  readonly folder: string;
  readonly count: number;
  readonly isTrusting: boolean;
  readonly core: Core;
}

/** Brings a log, or its first operations, from one relay to another that has nothing of it. */
async function sync(
  bench: Bench,
  full: RelayProcess,
  signer: Signer,
  { name, folder, count, isTrusting, core }: Receiving,
): Promise<void> {
  const peers = [full.url.replace('ws', 'http')];
  const empty = await bench.startRelay({ folder, legacy: 'witness', peers, isTrusting, core });
  const warm = await heldUntil(empty.port, signer, Math.ceil(count * WARM_SHARE));
  const startedAt = performance.now();
  const { result, cpuSeconds } = await bench.measure([empty], () => heldUntil(empty.port, signer, count));
  const seconds = (performance.now() - startedAt) / MILLISECONDS;
  bench.check(result >= count, `${result} of ${count} operations arrived`);
  bench.reportWork({ name, unit: 'operations/s' }, empty, { units: result - warm, seconds, cpuSeconds });
}

/** How many signatures are checked in a second, which is no work of a relay. */
function reportChecks(bench: Bench, signer: Signer): void {
  const headers = Array.from(smallPuts(signer, CHECKED), ({ header }) => header);
  const verify = nodeVerifier();
  const startedAt = performance.now();
  const right = headers.filter((header) => verify(header.author, unsignedBytesOf(header), header.signature));
  const seconds = (performance.now() - startedAt) / MILLISECONDS;
  bench.check(right.length === CHECKED, `${CHECKED - right.length} signatures are wrong`);
  bench.report({ name: 'signatures checked', unit: 'checks/s', value: CHECKED / seconds });
}

async function run(bench: Bench): Promise<void> {
  const count = bench.count(OPERATIONS);
  const signer = nodeSigner(KeyPair.random());
  // Before any relay runs, which would share the core.
  reportChecks(bench, signer);
  const full = await bench.startRelay({
    folder: 'full',
    legacy: 'witness',
    isTrusting: true,
    core: LOAD_CORE,
  });
  await feed(full.port, signer, framesOf(smallPuts(signer, count)));
  const trusting = { name: 'log sync, signatures not checked', folder: 'trusting', isTrusting: true };
  await sync(bench, full, signer, { ...trusting, count, core: RELAY_CORE });
  // As relays run that nobody pins: storing goes on beside the next operations.
  const anywhere = { name: `${trusting.name}, on any core`, folder: 'anywhere', isTrusting: true };
  await sync(bench, full, signer, { ...anywhere, count, core: 'any' });
  const some = Math.ceil(count * CHECKED_SHARE);
  const checking = { name: 'log sync', folder: 'checking', isTrusting: false };
  await sync(bench, full, signer, { ...checking, count: some, core: RELAY_CORE });
  // Checks are made beside everything else where there is another core for them, which here the sender has too.
  const shared = { name: 'log sync, on any core', folder: 'shared', isTrusting: false };
  await sync(bench, full, signer, { ...shared, count: some, core: 'any' });
}

/** A long log from one relay to another. */
export const LOG_SYNC_CASES: readonly BenchCase[] = [
  {
    name: 'log-sync',
    about:
      'a log of 100k small puts from one relay to another that lacks it, with and without signature checks',
    relays: ['thicket'],
    run,
  },
];
