import type { Tips } from '../log/heights.ts';
import { partOf, type PartedTips } from '../log/parted-tips.ts';
import type { TipsHashes } from '../log/tips-digest.ts';
import type { LogFrame } from './log-frames.ts';
import type { PeerHeights } from './peer-heights.ts';
import { SaidHashes, type HashesVerdict } from './said-hashes.ts';
import type { SessionAction, SessionOptions } from './session-actions.ts';
import type { SessionFault } from './session-faults.ts';
import { GatheredTips, tipsInParts } from './tips-parts.ts';

/** What the exchange of one session needs. */
export interface TipsExchangeOptions extends SessionOptions {
  /** Remembers how far the other side is. */
  readonly peer: PeerHeights;
  /** Ends the session. */
  readonly fail: (fault: SessionFault) => SessionAction[];
}

/**
 * How two sides show each other once where all their logs end: by state vectors, and before these by hashes where both
 * have them, as equal hashes stand for equal vectors, and for equal parts of others. Who has few logs says no hashes, nor
 * compares them.
 */
export class TipsExchange {
  readonly #session: number;
  readonly #mostLogs: number;
  readonly #mayHold: (logs: number) => boolean;
  readonly #partsFrom: number;
  readonly #peer: PeerHeights;
  readonly #fail: (fault: SessionFault) => SessionAction[];
  readonly #said: SaidHashes;
  #remote = new GatheredTips();
  /** Parts of the other side's state vector that are known without being shown. */
  #known: ReadonlySet<number> = new Set();
  #hasRemote = false;
  /** True once the other side began to send its state vector. */
  #remoteBegan = false;
  #isShown = false;
  /** This side's state vector and its hashes, while only these were sent. */
  #hashed: { readonly tips: PartedTips; readonly hashes: TipsHashes } | undefined;

  constructor({ session, mostLogs, mayHold = () => true, partsFrom, peer, fail }: TipsExchangeOptions) {
    this.#session = session;
    this.#mostLogs = mostLogs;
    this.#mayHold = mayHold;
    this.#partsFrom = partsFrom ?? Infinity;
    this.#said = new SaidHashes(partsFrom !== undefined);
    this.#peer = peer;
    this.#fail = fail;
  }

  /** True once it is known where the other side's logs end. */
  get hasRemote(): boolean {
    return this.#hasRemote;
  }

  /** True once the other side knows, or will, where this side's logs end. */
  get isShown(): boolean {
    return this.#isShown;
  }

  /** Shows this side's state vector, once; see `LogSession.tips`. */
  show(local: PartedTips, hashes: TipsHashes | undefined): SessionAction[] {
    if (this.#isShown || this.#hashed !== undefined) return [];
    if (hashes === undefined || this.#remoteBegan) return this.#showTips(local);
    this.#hashed = { tips: local, hashes };
    const verdict = this.#said.say({ ...hashes, saysParts: local.size >= this.#partsFrom });
    const frame: LogFrame = { type: 'digest', session: this.#session, digest: hashes.digest };
    return [{ do: 'send', frame }, ...this.#follow(verdict)];
  }

  /** Takes a part of the other side's state vector. */
  receiveTips(tips: Tips, more: boolean): SessionAction[] {
    if (this.#hasRemote || this.#hasKnown(tips)) return this.#fail('order');
    this.#remoteBegan = true;
    this.#remote.add(tips);
    for (const [author, logs] of tips) {
      for (const [log, { height }] of logs) this.#peer.begin({ author, log }, height);
    }
    if (this.#remote.size > this.#mostLogs || !this.#mayHold(this.#peer.size)) return this.#fail('logs');
    const own = this.#hashed === undefined ? [] : this.#showTips(this.#hashed.tips);
    return more ? own : [...own, ...this.#takeRemote(this.#remote.take())];
  }

  /** Takes the digest of the other side's state vector. */
  receiveDigest(digest: Uint8Array): SessionAction[] {
    return this.#isBeforeTips ? this.#follow(this.#said.hearDigest(digest)) : this.#fail('order');
  }

  /** Takes the hashes of the parts of the other side's state vector. */
  receiveParts(hashes: Uint8Array): SessionAction[] {
    return this.#isBeforeTips ? this.#follow(this.#said.hearParts(hashes)) : this.#fail('order');
  }

  get #isBeforeTips(): boolean {
    return !this.#hasRemote && !this.#remoteBegan;
  }

  /** True for a state vector with logs of parts that the other side said are the same. */
  #hasKnown(tips: Tips): boolean {
    if (this.#known.size === 0) return false;
    for (const author of tips.keys()) if (this.#known.has(partOf(author))) return true;
    return false;
  }

  #follow(verdict: HashesVerdict): SessionAction[] {
    switch (verdict.is) {
      case 'open':
        return [];
      case 'fault':
        return this.#fail('order');
      case 'equal':
        return this.#takeEqual(this.#hashed!.tips);
      case 'asked': {
        const hashes = this.#hashed!.hashes.parts;
        return [{ do: 'send', frame: { type: 'digestParts', session: this.#session, hashes } }];
      }
      case 'unequal':
        return this.#showTips(this.#hashed!.tips);
      default:
        return this.#showUnequal(this.#hashed!.tips, verdict.equal);
    }
  }

  #takeEqual(tips: PartedTips): SessionAction[] {
    this.#hashed = undefined;
    this.#isShown = true;
    this.#peer.beginWith(tips);
    return this.#takeRemote(tips);
  }

  /** Shows what is not the same; of what is the other side has what this one has. */
  #showUnequal(tips: PartedTips, equal: ReadonlySet<number>): SessionAction[] {
    const known = tips.only((part) => equal.has(part));
    this.#known = equal;
    this.#remote = new GatheredTips(known);
    this.#peer.beginWith(known);
    return this.#showTips(tips.only((part) => !equal.has(part)));
  }

  #showTips(local: Tips): SessionAction[] {
    this.#hashed = undefined;
    this.#isShown = true;
    return [{ do: 'show', frames: this.#framesOf(local) }];
  }

  *#framesOf(local: Tips): Generator<LogFrame> {
    let before: Tips | undefined;
    for (const tips of tipsInParts(local)) {
      if (before !== undefined) yield this.#frameOf(before, true);
      before = tips;
    }
    yield this.#frameOf(before!, false);
  }

  #frameOf(tips: Tips, more: boolean): LogFrame {
    return { type: 'have', session: this.#session, tips, more };
  }

  #takeRemote(remote: PartedTips): SessionAction[] {
    if (!this.#mayHold(this.#peer.size)) return this.#fail('logs');
    this.#hasRemote = true;
    return [{ do: 'compare', remote }];
  }
}
