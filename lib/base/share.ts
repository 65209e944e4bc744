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
  /** Ends listening. Idempotent. */
  close(): void;
}
