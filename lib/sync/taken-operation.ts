import { idHexOf } from '../log/codec.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import type { Placement } from '../log/placement.ts';
import type { TakenOperation } from './sync-store.ts';

/** An operation as sessions are told of it, once its log has it. */
export function takenOperation(operation: Operation, placement: Placement): TakenOperation {
  return new PlacedOperation(operation, placement);
}

/** Makes of an operation what somebody asks for: most often that is little. */
class PlacedOperation implements TakenOperation {
  readonly operation: Operation;
  readonly placement: Placement;

  constructor(operation: Operation, placement: Placement) {
    this.operation = operation;
    this.placement = placement;
  }

  get author(): string {
    return namesOf(this.operation).author;
  }

  get log(): string {
    return namesOf(this.operation).log;
  }

  get id(): string {
    return idHexOf(this.operation.header);
  }

  get sequence(): number {
    return this.operation.header.sequence;
  }

  get header(): Uint8Array {
    return this.operation.header.bytes;
  }

  get body(): Uint8Array | undefined {
    return this.operation.body;
  }

  get forkedAt(): number | undefined {
    return this.placement === 'side-start' || this.placement === 'switch' ? this.sequence : undefined;
  }

  get mayFollow(): boolean {
    return this.operation.extensions.prune || this.placement.startsWith('side');
  }

  get known(): boolean {
    return this.placement === 'known';
  }

  get filled(): boolean {
    return this.placement === 'filled';
  }
}
