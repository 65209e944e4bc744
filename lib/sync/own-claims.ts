import { toHex } from '../base/byte-texts.ts';
import type { LogName, Tip, Tips } from '../log/heights.ts';
import type { StartTimer } from '../store/deferred-writes.ts';
import type { LogHead } from '../store/log-head.ts';
import type { LogStore } from '../store/log-store.ts';

/** How long a node that is to have peers waits for the first of them before it publishes, in milliseconds. */
export const FIRST_PEER_MS = 2000;
/**
 * How long claims that are not kept may stop this node from publishing, in all, in milliseconds: from the last operation
 * of the own log on that another node brought, which shows that some of them are true.
 */
export const UNKEPT_MS = 300_000;

/** What is told of claims. */
export type OwnClaimEvent =
  /** Another node has operations of this node's own log that this one has not got. */
  | { readonly kind: 'log-own-behind'; readonly height: number; readonly shown: number }
  /** They are here now. */
  | { readonly kind: 'log-own-recovered'; readonly height: number }
  /** They did not come. */
  | { readonly kind: 'log-own-unproven'; readonly shown: number };

/** What claims are compared with. */
export interface OwnClaimsOptions {
  /** This node's own log. */
  readonly name: LogName;
  readonly store: Pick<LogStore, 'head' | 'idAt'>;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly startTimer: StartTimer;
  readonly report?: ((event: OwnClaimEvent) => void) | undefined;
}

/** One node's claim to know more of the own log. */
interface Claim {
  readonly tip: Tip;
  /** What this node lacks; undefined until that is known. */
  lag: number | undefined;
  /** Resolves when that is known. */
  compared: Promise<void>;
  /** True once operations of the own log came while it stood. */
  isCredible: boolean;
}

/** A time in which there is always some claim, however many there are and whenever each of them came. */
interface Stretch {
  /** When it began, or the last operation of the own log came. */
  since: number;
  /** Ends it when it is too long. */
  stopTimer: () => void;
  /** True once one of the claims turned out not to be kept. */
  isUnkept: boolean;
}

/**
 * What other nodes show of this node's own log (log-mapping section 7): one that was restored from an old copy, or whose
 * key is used elsewhere too, would contradict itself. While a node shows more, or something else, nothing is published;
 * what it has comes by its session, however long that takes, and then publishing goes on behind that. Until somebody is
 * asked nothing is known, and publishing goes on.
 */
export class OwnClaims {
  readonly #options: OwnClaimsOptions;
  readonly #claims = new Set<Claim>();
  /** Claims of lines that are still there, which had the time that they may have. */
  readonly #doubted = new Set<Claim>();
  /** Of the claims whose lines were cut while they were kept, the one that shows most. */
  #cut: Claim | undefined;
  #stretch: Stretch | undefined;
  /** Length of the stretches before that had claims which were not kept. */
  #unkeptMs = 0;
  #isExpecting = false;
  #isShared = false;
  #stopExpecting: () => void = () => undefined;
  #arrived: (() => void)[] = [];

  constructor(options: OwnClaimsOptions) {
    this.#options = options;
  }

  /** True while another node shows more than is here, and for ever when another one signs this log. */
  get isBehind(): boolean {
    return this.#isShared || this.#claims.size > 0;
  }

  /** Publishes nothing any more, as another node with the same key goes on. */
  share(): void {
    this.#isShared = true;
    this.#arrive();
  }

  /** Operations of the own log that another node shows and that are not here. */
  get lag(): number {
    return Math.max(0, ...Array.from(this.#claims, ({ lag }) => lag ?? 0));
  }

  /** True until the first node has shown what it has, or did not come. */
  get isExpecting(): boolean {
    return this.#isExpecting;
  }

  /** Waits a little for the first node that shows what it has. */
  expect(): void {
    this.#isExpecting = true;
    this.#stopExpecting = this.#options.startTimer(() => this.#arrive(), FIRST_PEER_MS);
  }

  /** Resolves when the first node has shown what it has, or did not come. */
  async ready(): Promise<void> {
    if (this.#isExpecting) await new Promise<void>((resolve) => this.#arrived.push(resolve));
  }

  /**
   * Takes what another node shows.
   *
   * @returns to be called once when everything that it sends is here, or with false when it is gone before that
   */
  heard(remote: Tips): (hasAll?: boolean) => Promise<void> {
    const { author, log } = this.#options.name;
    const tip = remote.get(author)?.get(log);
    this.#arrive();
    if (tip === undefined) return () => Promise.resolve();
    const claim: Claim = { tip, lag: undefined, compared: Promise.resolve(), isCredible: false };
    if (this.#unkeptMs >= UNKEPT_MS) this.#doubted.add(claim);
    else this.#hold(claim);
    return async (hasAll = true) => {
      await claim.compared;
      await this.#unlessBroken(() => this.#end(claim, hasAll));
    };
  }

  /**
   * Told of an operation that another node brought and that is new here: one of the own log has its owner's signature, so
   * claims to have more of it are worth waiting for.
   */
  brought({ author, log, sequence }: LogName & { readonly sequence: number }): void {
    const { name } = this.#options;
    if (author !== name.author || log !== name.log) return;
    this.#unkeptMs = 0;
    if (this.#stretch !== undefined) this.#stretch.since = this.#options.now();
    for (const claim of this.#doubted) this.#hold(claim);
    this.#doubted.clear();
    for (const claim of this.#claims) claim.isCredible = true;
    const cut = this.#cut;
    if (cut !== undefined && sequence >= cut.tip.height) void this.#unlessBroken(() => this.#end(cut, false));
  }

  #hold(claim: Claim): void {
    this.#claims.add(claim);
    this.#stretch ??= this.#beginStretch();
    claim.compared = this.#unlessBroken(() => this.#compare(claim));
  }

  /** A store that cannot be read takes nothing that could be published either. */
  async #unlessBroken(look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch {
      // The claim holds until it is too old.
    }
  }

  /** Waits for nobody any more; what is behind stays unpublished. */
  close(): void {
    this.#stretch?.stopTimer();
    this.#doubted.clear();
    this.#arrive();
  }

  /** Nothing is published before it is known whether the claim says something new. */
  async #compare(claim: Claim): Promise<void> {
    const head = await this.#head();
    if (await this.#isKept(claim, head)) return this.#letGo(claim, false);
    const height = head?.height ?? -1;
    claim.lag = Math.max(0, claim.tip.height - height);
    this.#tell({ kind: 'log-own-behind', height: height + 1, shown: claim.tip.height + 1 });
  }

  async #end(claim: Claim, hasAll: boolean): Promise<void> {
    this.#doubted.delete(claim);
    if (!this.#claims.has(claim)) return;
    const isCut = !hasAll && claim.isCredible;
    if (isCut) this.#keepCut(claim);
    const head = await this.#head();
    const isKept = await this.#isKept(claim, head);
    if (!this.#claims.has(claim) || (isCut && !isKept)) return;
    this.#letGo(claim, !isKept);
    if (!isKept) return;
    // Those that are still open may not hold longer because of this one.
    if (this.#claims.size === 0) this.#unkeptMs = 0;
    this.#tell({ kind: 'log-own-recovered', height: head!.height + 1 });
  }

  /** What was on its way comes by another line, or the time is over that claims have. */
  #keepCut(claim: Claim): void {
    const other = this.#cut ?? claim;
    const [more, less] = other.tip.height > claim.tip.height ? [other, claim] : [claim, other];
    this.#cut = more;
    if (less !== more) this.#letGo(less, false);
  }

  #letGo(claim: Claim, isUnkept: boolean): void {
    if (!this.#claims.delete(claim)) return;
    if (this.#cut === claim) this.#cut = undefined;
    const stretch = this.#stretch!;
    stretch.isUnkept ||= isUnkept;
    if (this.#claims.size === 0) this.#endStretch(stretch);
    if (isUnkept) this.#tell({ kind: 'log-own-unproven', shown: claim.tip.height + 1 });
  }

  #beginStretch(): Stretch {
    const stretch: Stretch = { since: this.#options.now(), stopTimer: () => undefined, isUnkept: false };
    this.#startTimer(stretch);
    return stretch;
  }

  #startTimer(stretch: Stretch): void {
    const { now, startTimer } = this.#options;
    const leftMs = stretch.since + UNKEPT_MS - this.#unkeptMs - now();
    stretch.stopTimer = startTimer(() => this.#endTime(stretch), leftMs);
  }

  /** Lets all claims go, unless operations came meanwhile. */
  #endTime(stretch: Stretch): void {
    if (stretch.since + UNKEPT_MS - this.#unkeptMs > this.#options.now()) return this.#startTimer(stretch);
    for (const claim of Array.from(this.#claims)) {
      if (claim !== this.#cut) this.#doubted.add(claim);
      this.#letGo(claim, true);
    }
  }

  #endStretch({ since, stopTimer, isUnkept }: Stretch): void {
    stopTimer();
    this.#stretch = undefined;
    if (isUnkept) this.#unkeptMs += Math.max(1, this.#options.now() - since);
  }

  /** True when what a claim names is held, or was held before a prune point. */
  async #isKept({ tip }: Claim, head: LogHead | undefined): Promise<boolean> {
    if (head === undefined || tip.height > head.height) return false;
    const id = toHex(tip.id);
    if (tip.height < head.first || head.side?.tip === id) return true;
    const own =
      tip.height === head.height ? head.tip : await this.#options.store.idAt(this.#options.name, tip.height);
    return own === undefined || own === id;
  }

  async #head(): Promise<LogHead | undefined> {
    return this.#options.store.head(this.#options.name);
  }

  #arrive(): void {
    this.#isExpecting = false;
    this.#stopExpecting();
    for (const resolve of this.#arrived.splice(0)) resolve();
  }

  #tell(event: OwnClaimEvent): void {
    this.#options.report?.(event);
  }
}
