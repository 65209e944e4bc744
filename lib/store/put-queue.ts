/** Requests and writes that share one commit at most; larger groups only feed the garbage collector. */
const GROUP_REQUESTS = 1000;
const GROUP_WRITES = 10_000;
/** Requests and writes of one owner that are taken in its turn. */
const TURN_REQUESTS = 16;
const TURN_WRITES = 100;

/** What the queue must know of a request. */
export interface Waiting {
  readonly owner: string | undefined;
  readonly writes: { readonly length: number };
}

/** Requests of one owner, the oldest first. */
interface Line<Request> {
  readonly requests: Request[];
  head: number;
}

/**
 * Requests that wait for the writer: given out in the order they came while they fit into one group, and by turns
 * of their owners when they do not, so that nobody waits for all that another one wrote. An owner's own requests
 * keep their order.
 */
export class PutQueue<Request extends Waiting> {
  readonly #most: number;
  /** What came since the last group. */
  #arrived: Request[] = [];
  /** What no group had room for, by owner; whose turn is next stands first. */
  readonly #lines = new Map<string | undefined, Line<Request>>();
  #inLines = 0;

  /** @param most requests that may wait */
  constructor(most: number) {
    this.#most = most;
  }

  /** Requests that wait. */
  get length(): number {
    return this.#arrived.length + this.#inLines;
  }

  /**
   * Takes a request in.
   *
   * @returns the request for which there is no room: when too many wait, the newest of the owner that has most
   */
  add(request: Request): Request | undefined {
    if (this.length < this.#most) {
      this.#arrived.push(request);
      return undefined;
    }
    this.#lineUp();
    const owners = this.#lines.size + (this.#lines.has(request.owner) ? 0 : 1);
    const fairShare = this.#most / owners;
    if (waitingIn(this.#lines.get(request.owner)) >= fairShare) return request;
    const longest = this.#longest();
    if (longest === undefined || waitingIn(longest) <= fairShare) return request;
    this.#inLines -= 1;
    this.#arrived.push(request);
    return longest.requests.pop();
  }

  /** Takes the next group out. */
  take(): Request[] {
    if (this.#inLines === 0 && fitsGroup(this.#arrived)) {
      const all = this.#arrived;
      this.#arrived = [];
      return all;
    }
    this.#lineUp();
    const group: Request[] = [];
    let writes = 0;
    while (this.#inLines > 0 && group.length < GROUP_REQUESTS && writes < GROUP_WRITES) {
      writes += this.#takeTurn(group);
    }
    return group;
  }

  /** Takes the oldest requests of the owner whose turn it is, who is the last then; gives how many writes they have. */
  #takeTurn(group: Request[]): number {
    const { value } = this.#lines.entries().next();
    const [owner, line] = value!;
    this.#lines.delete(owner);
    const most = Math.min(group.length + TURN_REQUESTS, GROUP_REQUESTS);
    let writes = 0;
    while (group.length < most && writes < TURN_WRITES && waitingIn(line) > 0) {
      const request = line.requests[line.head]!;
      group.push(request);
      writes += request.writes.length;
      line.head += 1;
      this.#inLines -= 1;
    }
    if (waitingIn(line) === 0) return writes;
    this.#lines.set(owner, line);
    // Cutting the front off at each step would copy the whole line each time.
    if (line.head * 2 > line.requests.length) {
      line.requests.splice(0, line.head);
      line.head = 0;
    }
    return writes;
  }

  #lineUp(): void {
    for (const request of this.#arrived) {
      const line = this.#lines.get(request.owner);
      if (line === undefined) this.#lines.set(request.owner, { requests: [request], head: 0 });
      else line.requests.push(request);
    }
    this.#inLines += this.#arrived.length;
    this.#arrived = [];
  }

  #longest(): Line<Request> | undefined {
    let longest: Line<Request> | undefined;
    for (const line of this.#lines.values()) if (waitingIn(line) > waitingIn(longest)) longest = line;
    return longest;
  }
}

function waitingIn(line: Line<unknown> | undefined): number {
  return line === undefined ? 0 : line.requests.length - line.head;
}

function fitsGroup(requests: readonly Waiting[]): boolean {
  if (requests.length > GROUP_REQUESTS) return false;
  let writes = 0;
  for (const request of requests) writes += request.writes.length;
  return writes < GROUP_WRITES;
}
