/** A value that may be there already or come later. */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value at once when it is there, and later when it comes later. */
export function chain<T, U>(value: MaybePromise<T>, goOn: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
