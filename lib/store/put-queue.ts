/** Requests and writes that share one commit at most; larger groups only feed the garbage collector. */
const GROUP_REQUESTS = 1000;
const GROUP_WRITES = 10_000;
/** Requests and writes of one owner that are taken in its turn. */
const TURN_REQUESTS = 16;
const TURN_WRITES = 100;

/** Part of the places from which on it is crowded. */
const CROWDED_SHARE = 1 / 2;

/** What the queue must know of a request. */
export interface Waiting {
  readonly owner: string | undefined;
  readonly writes: { readonly length: number };
}

/** Requests of one owner, the oldest first. */
interface Line<Request> {
  readonly requests: Request[];
  head: number;
  /** Places that they take. */
  weight: number;
}

/**
 * Requests that wait for the writer: given out in the order they came while they fit into one group, and by turns
 * of their owners when they do not, so that nobody waits for all that another one wrote. An owner's own requests
 * keep their order.
 */
export class PutQueue<Request extends Waiting> {
  readonly #most: number;
  readonly #weightOf: (request: Request) => number;
  /** What came since the last group. */
  #arrived: Request[] = [];
  /** What no group had room for, by owner; whose turn is next stands first. */
  readonly #lines = new Map<string | undefined, Line<Request>>();
  /** Places of those that take more than one: what they take has to be counted. */
  readonly #heavy = new Map<Request, number>();
  #weight = 0;

  /**
   * @param most places for requests that wait
   * @param weightOf how many of them a request takes, at least one; one when absent
   */
  constructor(most: number, weightOf: (request: Request) => number = () => 1) {
    this.#most = most;
    this.#weightOf = weightOf;
  }

  /** Places taken; none when nothing waits. */
  get weight(): number {
    return this.#weight;
  }

  /** True while so much waits that who brings more should be slowed down. */
  get isCrowded(): boolean {
    return this.#weight > this.#most * CROWDED_SHARE;
  }

  /**
   * Takes a request in.
   *
   * @returns the requests for which there is no room: this one when its owner has its share already, else the newest
   *   of the owners that have most
   */
  add(request: Request): Request[] {
    const weight = this.#weightOf(request);
    const refused: Request[] = [];
    while (this.#weight + weight > this.#most) {
      this.#lineUp();
      const line = this.#heaviest(request.owner, weight);
      if (line === undefined) return [...refused, request];
      const newest = line.requests.pop()!;
      this.#leave(line, newest);
      refused.push(newest);
    }
    this.#arrived.push(request);
    this.#weight += weight;
    if (weight > 1) this.#heavy.set(request, weight);
    return refused;
  }

  /** Takes the next group out. */
  take(): Request[] {
    if (this.#lines.size === 0 && fitsGroup(this.#arrived)) {
      const all = this.#arrived;
      this.#arrived = [];
      this.#weight = 0;
      if (this.#heavy.size > 0) this.#heavy.clear();
      return all;
    }
    this.#lineUp();
    const group: Request[] = [];
    let writes = 0;
    while (this.#weight > 0 && group.length < GROUP_REQUESTS && writes < GROUP_WRITES) {
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
      this.#leave(line, request);
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

  /** The line of the owner that takes most places; undefined when an owner has its share of them already. */
  #heaviest(owner: string | undefined, weight: number): Line<Request> | undefined {
    const own = this.#lines.get(owner);
    const share = this.#most / (this.#lines.size + (own === undefined ? 1 : 0));
    let heaviest: Line<Request> | undefined;
    if ((own?.weight ?? 0) + weight - 1 >= share) return heaviest;
    for (const line of this.#lines.values()) if (line.weight > (heaviest?.weight ?? share)) heaviest = line;
    return heaviest;
  }

  #leave(line: Line<Request>, request: Request): void {
    const weight = this.#heavy.get(request) ?? 1;
    this.#heavy.delete(request);
    line.weight -= weight;
    this.#weight -= weight;
  }

  #lineUp(): void {
    for (const request of this.#arrived) {
      const line = this.#lines.get(request.owner) ?? { requests: [], head: 0, weight: 0 };
      line.requests.push(request);
      line.weight += this.#heavy.get(request) ?? 1;
      this.#lines.set(request.owner, line);
    }
    this.#arrived = [];
  }
}

function waitingIn(line: Line<unknown>): number {
  return line.requests.length - line.head;
}

function fitsGroup(requests: readonly Waiting[]): boolean {
  if (requests.length > GROUP_REQUESTS) return false;
  let writes = 0;
  for (const request of requests) writes += request.writes.length;
  return writes < GROUP_WRITES;
}
