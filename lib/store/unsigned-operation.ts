import type { Result } from '../base/result.ts';
import type { LogName } from '../log/heights.ts';
import type { Operation } from '../log/operation.ts';
import type { LogHead } from './log-head.ts';

/** An operation that is signed where it is committed, as only there it is known what comes before it. */
export interface UnsignedOperation extends LogName {
  /** Gives the operation that comes after the head of its log, or why there is none. */
  readonly sign: (head: LogHead | undefined) => Result<Operation>;
}
