import { toHex } from '../base/byte-texts.ts';
import { equalBytes } from '../base/bytes.ts';
import { decodeHeader, type Header } from './codec.ts';
import type { LogName } from './heights.ts';
import { readOperation } from './integrity.ts';
import { namesOf, type Operation } from './operation.ts';
import type { LogReason } from './reasons.ts';
import type { OperationBytes } from './sequence.ts';
import type { VerifySignature } from './strict-ed25519.ts';

/** What somebody says to hold of a log. */
export interface LogClaim extends LogName {
  /** Sequence numbers of the first and the last operation of the canonical branch. */
  readonly first: number;
  readonly height: number;
  /** Id of the last one, as hex. */
  readonly tip: string;
  /** The other branch of a forked log. */
  readonly side: { readonly from: number; readonly tip: string } | undefined;
}

/** What is wrong with a log, and where. */
export interface LogFault {
  /** Where it should have been; undefined when that is not known. */
  readonly sequence: number | undefined;
  /** As hex; undefined for what cannot be read. */
  readonly id: string | undefined;
  readonly reason: LogReason;
}

/**
 * Checks a whole log against what is said of it: its operations come one by one, the canonical branch and then the side
 * branch. Each must be true in itself and follow the one before; nothing may be missing in between or at the end.
 */
export class LogVerifier {
  readonly #claim: LogClaim;
  readonly #verify: VerifySignature | undefined;
  /** The place that the next operation has. */
  #next: number;
  #isSide = false;
  /** The operation before; undefined at the beginning, and behind what cannot be read. */
  #before: Header | undefined;
  /** Id of the operation that both branches follow. */
  #forkAfter: Uint8Array | undefined;
  #operations = 0;

  constructor(claim: LogClaim, verify?: VerifySignature) {
    this.#claim = claim;
    this.#verify = verify;
    this.#next = claim.first;
  }

  /** Operations that were looked at. */
  get operations(): number {
    return this.#operations;
  }

  /** Looks at the next operation; gives what is wrong with it. */
  take({ header, body }: OperationBytes): LogFault | undefined {
    this.#operations += 1;
    if (!this.#isSide && this.#next > this.#claim.height) this.#turn();
    const sequence = this.#next;
    this.#next += 1;
    const read = readOperation(header, body, this.#verify);
    if (!read.ok) return this.#unread(header, sequence, read.reason);
    const reason = this.#misplaced(read.value, sequence);
    this.#remember(read.value.header);
    return reason === undefined ? undefined : { sequence, id: toHex(read.value.header.id), reason };
  }

  /** Says that nothing follows; gives what is missing. */
  end(): LogFault[] {
    const { height, tip, side } = this.#claim;
    const faults: LogFault[] = [];
    if (!this.#isSide) {
      if (!this.#endsWith(height, tip)) faults.push({ sequence: this.#next, id: tip, reason: 'gap' });
      if (side !== undefined) faults.push({ sequence: side.from, id: side.tip, reason: 'gap' });
    } else if (this.#before === undefined || side === undefined || toHex(this.#before.id) !== side.tip) {
      faults.push({ sequence: this.#next, id: side?.tip, reason: 'gap' });
    }
    return faults;
  }

  #endsWith(height: number, tip: string): boolean {
    return this.#before?.sequence === height && toHex(this.#before.id) === tip;
  }

  /** What follows the canonical branch is the side branch. */
  #turn(): void {
    this.#isSide = true;
    this.#before = undefined;
    this.#next = this.#claim.side?.from ?? this.#next;
  }

  #unread(bytes: Uint8Array, sequence: number, reason: LogReason): LogFault {
    const header = decodeHeader(bytes);
    // Those behind it can still be compared with what it says of itself.
    if (header.ok) this.#remember(header.value);
    else this.#before = undefined;
    return { sequence, id: header.ok ? toHex(header.value.id) : undefined, reason };
  }

  #remember(header: Header): void {
    this.#before = header;
    if (!this.#isSide && header.sequence + 1 === this.#claim.side?.from) this.#forkAfter = header.id;
  }

  #misplaced(operation: Operation, sequence: number): LogReason | undefined {
    const { author, log } = namesOf(operation);
    const { header } = operation;
    if (author !== this.#claim.author) return 'author';
    if (log !== this.#claim.log) return 'log';
    if (header.sequence !== sequence) return 'gap';
    return this.#isOtherBranch(header) ? 'fork' : this.#unlinked(operation);
  }

  /** True for what stands on a branch that is not the one that was told of. */
  #isOtherBranch({ sequence, id }: Header): boolean {
    const { height, tip, side } = this.#claim;
    return this.#isSide ? side === undefined : sequence === height && toHex(id) !== tip;
  }

  #unlinked({ header, extensions }: Operation): LogReason | undefined {
    const before = this.#before?.id ?? (this.#isSide ? this.#forkAfter : undefined);
    if (before !== undefined) return equalBytes(before, header.backlink!) ? undefined : 'backlink';
    // A log begins with its first operation, or with a prune point.
    const isBegin = !this.#isSide && header.sequence === this.#claim.first;
    return isBegin && header.sequence > 0 && !extensions.prune ? 'gap' : undefined;
  }
}
