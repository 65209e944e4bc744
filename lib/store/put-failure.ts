import { GraphError, type ErrorCode } from '../base/errors.ts';

const FAILED = 'storage failed, nothing was stored';
/** Reasons for those who asked; other errors of the storage are the operator's business. */
const REASONS: { readonly [code in ErrorCode]?: string } = {
  STORAGE_DAMAGED: 'the store is damaged and read-only',
  STORAGE_FULL: 'the disk is full, nothing was stored',
};

/** What those are told whose writes could not be committed. */
export function putFailure(error: unknown): { readonly ok: false; readonly reason: string } {
  const reason = error instanceof GraphError ? REASONS[error.code] : undefined;
  return { ok: false, reason: reason ?? FAILED };
}
