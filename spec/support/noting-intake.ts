import type { Operation } from '../../lib/log/operation.ts';
import type { PutRequest } from '../../lib/store/put-request.ts';
import { Intake, type IntakeOptions } from '../../lib/sync/intake.ts';
import type { SeenOperation, TakenOperation, TakeResult } from '../../lib/sync/sync-store.ts';
import { TOPIC, verifyFast } from './log-maker.ts';

/** An intake before a writer that notes requests, and settles them when told. */
export class NotingIntake {
  readonly requests: PutRequest[] = [];
  readonly seen: SeenOperation[] = [];
  readonly intake: Intake;

  constructor(changes: Partial<IntakeOptions> = {}) {
    const submit = (request: PutRequest): void => void this.requests.push(request);
    this.intake = new Intake({ submit, verify: verifyFast, ...changes });
  }

  take({ header, body }: Operation): Promise<TakeResult> {
    return new Promise((settle, fail) => {
      const seen = (operation: SeenOperation): void => void this.seen.push(operation);
      const taker = { node: 'the node', isInvited: true, seen, settle, fail };
      this.intake.take(TOPIC, header.bytes, body, taker);
    });
  }

  /** Waits until so many requests came. */
  async submitted(count: number): Promise<readonly PutRequest[]> {
    while (this.requests.length < count) await new Promise(setImmediate);
    return this.requests;
  }
}

/** All that is told of an operation that was taken in. */
export function told(taken: TakenOperation): TakenOperation {
  const { author, log, id, sequence, header, body, forkedAt, mayFollow, known } = taken;
  return { author, log, id, sequence, header, body, forkedAt, mayFollow, known };
}
