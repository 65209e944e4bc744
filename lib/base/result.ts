/** Answer of a check on outside input: the value, or the reason why there is none. */
export type Result<T, R = string> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: R };

/** Wraps a value as a success. */
export function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** Wraps a reason as a failure. */
export function failure<R>(reason: R): { readonly ok: false; readonly reason: R } {
  return { ok: false, reason };
}
