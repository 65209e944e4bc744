/**
 * The list of all cases, in the order in which they run and are reported.
 */
import type { BenchCase } from './bench.ts';
import { APP_CASES } from './cases/apps.ts';
import { CHAIN_CASES } from './cases/chain.ts';
import { CONFLICT_CASES } from './cases/conflict.ts';
import { CROWD_CASES } from './cases/crowd.ts';
import { FAN_OUT_CASES } from './cases/fan-out.ts';
import { GET_CASES } from './cases/gets.ts';
import { GROWTH_CASES } from './cases/growth.ts';
import { LOG_SYNC_CASES } from './cases/log-sync.ts';
import { PUT_CASES } from './cases/puts.ts';
import { SIGNED_CASES } from './cases/signed.ts';
import { UPDATE_CASES } from './cases/updates.ts';
import { WITNESS_CASES } from './cases/witness.ts';

/** All cases. */
export const CASES: readonly BenchCase[] = [
  ...PUT_CASES,
  ...WITNESS_CASES,
  ...SIGNED_CASES,
  ...UPDATE_CASES,
  ...GET_CASES,
  ...FAN_OUT_CASES,
  ...CROWD_CASES,
  ...CONFLICT_CASES,
  ...CHAIN_CASES,
  ...LOG_SYNC_CASES,
  ...GROWTH_CASES,
  ...APP_CASES,
];
