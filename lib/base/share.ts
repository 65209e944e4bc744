/**
 * How several owners of one storage, such as the tabs of a browser, keep out of each other's way and tell each
 * other what they changed.
 */
export interface Share {
  /** Runs a task while no other owner runs one; tasks wait in line. */
  exclusive<T>(task: () => Promise<T>): Promise<T>;
  /** Tells the other owners. */
  tell(text: string): void;
  /** Listens to what other owners tell. */
  listen(listener: (text: string) => void): void;
  /** Calls back whenever another owner has ended, also by a crash; never where that cannot be known. */
  onLeft(listener: () => void): void;
  /** Ends listening, and tells the others that this owner has ended. Idempotent. */
  close(): void;
}
