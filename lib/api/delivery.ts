import { GraphError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { UnsentWrite } from './unsent.ts';
import { waitOn, type Waited, type WaitOptions } from './wait.ts';

/**
 * How far a write has come: stored here, stored by one peer, or stored by every peer there is, of which there
 * must be two at least.
 */
export type Delivery = 'local' | 'relay' | 'replicated';

/** What a write may wait for. */
export interface PutOptions extends WaitOptions {
  /** How far the write must have come before the call resolves. Default `local`. */
  readonly until?: Delivery;
}

/** How far a write had come when the wait for it ended. */
export interface PutResult {
  /** Less than was asked for when the time was up; the write is sent all the same, as soon as that is possible. */
  readonly delivery: Delivery;
}

/** What a write may wait for, and who is told that it is stored here. */
export interface WriteOptions extends PutOptions {
  /** Told once, before the wait for peers. */
  readonly local?: () => void;
}

/** How far a write has come, of which some peers are to have it. */
export function deliveryOf(write: UnsentWrite): Delivery {
  const { storedBy } = write;
  if (storedBy === 0) return 'local';
  return storedBy === 1 ? 'relay' : 'replicated';
}

/** What sends writes to so many peers. */
export interface Delivering extends Waited {
  readonly peerCount: number;
}

/** @throws GraphError OPTION_INVALID when a graph has too few peers to store so often */
export function assertPossible(
  { peerCount }: Pick<Delivering, 'peerCount'>,
  until: Delivery | undefined,
): void {
  if ((until === 'relay' && peerCount < 1) || (until === 'replicated' && peerCount < 2))
    throw new GraphError('OPTION_INVALID', `until ${until} with ${peerCount} peers`);
}

/**
 * Waits until a write is as far as is wished.
 *
 * @throws GraphError PUT_REFUSED when too many peers refuse it, LIFECYCLE_CLOSED when the graph is closed before
 */
export function delivered(
  core: Delivering,
  write: UnsentWrite,
  { until = 'local', ...options }: PutOptions,
): MaybePromise<PutResult> {
  if (until === 'local') return { delivery: until };
  const wanted = until === 'relay' ? 1 : core.peerCount;
  return waitOn<PutResult>(core, options, ({ done, fail }) => {
    const late = (): void => done({ delivery: deliveryOf(write) });
    const check = (): void => {
      const { storedBy, settledBy, refusal } = write;
      if (storedBy >= wanted) late();
      else if (settledBy.size - storedBy > core.peerCount - wanted)
        fail(new GraphError('PUT_REFUSED', refusal));
    };
    check();
    return { late, stop: write.onSettled(check) };
  });
}
