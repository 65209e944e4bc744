import type { WaitingSteps } from '../base/slices.ts';
import type { Operation } from '../log/operation.ts';
import { bodyKey, lackKey, type OperationPlace } from './log-keys.ts';
import type { LogStore } from './log-store.ts';
import { isKeptApart } from './operation-record.ts';
import type { Change } from './storage.ts';

/** What the operations of one commit do to bodies: those that are kept apart, and those that are lacking. */
export class GroupBodies {
  readonly #store: LogStore;
  readonly #changes: Change[];
  /** Bodies of the group that are kept apart, by id. */
  readonly #apart = new Map<string, Uint8Array>();
  /** By key: ids of operations that came without their bodies; undefined where the group brought one. */
  readonly #lacking = new Map<string, string | undefined>();

  /** @param changes where the storage changes are put */
  constructor(store: LogStore, changes: Change[]) {
    this.#store = store;
    this.#changes = changes;
  }

  /** Keeps a large body apart; notes an operation that comes without one, as whoever passes it on can leave it away. */
  keep(place: OperationPlace, { header, body }: Pick<Operation, 'header' | 'body'>): void {
    if (body === undefined && header.payloadSize > 0) this.#noteLack(place, place.id);
    if (!isKeptApart(body)) return;
    this.#apart.set(place.id, body!);
    this.#changes.push([bodyKey(place), body]);
  }

  /** True for an operation that came without its body. */
  *isLacking(place: OperationPlace): WaitingSteps<boolean> {
    const key = keyOf(place);
    const id = this.#lacking.has(key)
      ? this.#lacking.get(key)
      : yield* this.#store.lackSteps(place, place.sequence);
    return id === place.id;
  }

  /** Notes that it has come. */
  found(place: OperationPlace): void {
    this.#noteLack(place, undefined);
  }

  /** A body that is kept apart. */
  *apart(place: OperationPlace): WaitingSteps<Uint8Array | undefined> {
    return this.#apart.get(place.id) ?? (yield* this.#store.bodySteps(place));
  }

  /** Deletes a body that is kept apart. */
  drop(place: OperationPlace): void {
    this.#changes.push([bodyKey(place), undefined]);
  }

  #noteLack(place: OperationPlace, id: string | undefined): void {
    const key = keyOf(place);
    this.#lacking.set(key, id);
    this.#changes.push([key, id]);
  }
}

function keyOf({ author, log, sequence }: OperationPlace): string {
  return lackKey(author, log, sequence);
}
