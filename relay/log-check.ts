/** Is a log whole? Every operation of it read and checked, wherever it lies. */
import type { LogName } from '../lib/log/heights.ts';
import { LogVerifier, type LogFault } from '../lib/log/log-verifier.ts';
import type { HeadReport, LogAccess } from './log-access.ts';
import { nodeVerifier } from './node-ed25519.ts';

/** Faults that are told of one log; a log that lacks its beginning would have as many as operations. */
const MOST_FAULTS = 100;
/** A log that grows or is pruned while it is read is read again so often. */
const TRIES = 3;

/** What was found in a log. */
export interface LogVerdict extends LogName {
  readonly operations: number;
  /** The first of them. */
  readonly faults: readonly LogFault[];
}

/** Checks a log against its head; calls back for each operation. */
export async function verifyLog(
  logs: LogAccess,
  head: HeadReport,
  onOperation: () => void,
): Promise<LogVerdict> {
  let claim = head;
  for (let tries = 1; ; tries += 1) {
    const verdict = await verifyOnce(logs, claim, onOperation);
    if (verdict.faults.length === 0 || tries === TRIES) return verdict;
    const now = await headOf(logs, claim);
    // What has not moved is wrong; what has may have moved under the reader.
    if (now === undefined || JSON.stringify(now) === JSON.stringify(claim)) return verdict;
    claim = now;
  }
}

async function verifyOnce(logs: LogAccess, claim: HeadReport, onOperation: () => void): Promise<LogVerdict> {
  const verifier = new LogVerifier(claim, nodeVerifier());
  const faults: LogFault[] = [];
  for await (const operation of logs.operations(claim)) {
    const fault = verifier.take(operation);
    if (fault !== undefined && faults.length < MOST_FAULTS) faults.push(fault);
    onOperation();
  }
  faults.push(...verifier.end());
  return { author: claim.author, log: claim.log, operations: verifier.operations, faults };
}

async function headOf(logs: LogAccess, { author, log }: LogName): Promise<HeadReport | undefined> {
  for await (const head of logs.heads(author)) if (head.log === log) return head;
  return undefined;
}
