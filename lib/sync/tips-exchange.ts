import { equalBytes } from '../base/bytes.ts';
import type { Tips } from '../log/heights.ts';
import type { LogFrame } from './log-frames.ts';
import type { PeerHeights } from './peer-heights.ts';
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
 * How two sides show each other once where all their logs end: by state vectors, and before these by digests where both
 * have one, as equal digests stand for equal vectors. Who has few logs sends no digest, nor compares one.
 */
export class TipsExchange {
  readonly #session: number;
  readonly #mostLogs: number;
  readonly #mayHold: (logs: number) => boolean;
  readonly #peer: PeerHeights;
  readonly #fail: (fault: SessionFault) => SessionAction[];
  readonly #remote = new GatheredTips();
  #hasRemote = false;
  /** True once the other side began to send its state vector. */
  #remoteBegan = false;
  #isShown = false;
  /** This side's state vector and its digest, while only that was sent. */
  #digested: { readonly tips: Tips; readonly digest: Uint8Array } | undefined;
  #remoteDigest: Uint8Array | undefined;

  constructor({ session, mostLogs, mayHold = () => true, peer, fail }: TipsExchangeOptions) {
    this.#session = session;
    this.#mostLogs = mostLogs;
    this.#mayHold = mayHold;
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
  show(local: Tips, digest: Uint8Array | undefined): SessionAction[] {
    if (this.#isShown) return [];
    if (digest === undefined || this.#remoteBegan) return this.#showTips(local);
    this.#digested = { tips: local, digest };
    const frame: LogFrame = { type: 'digest', session: this.#session, digest };
    return [{ do: 'send', frame }, ...this.#compareDigests()];
  }

  /** Takes a part of the other side's state vector. */
  receiveTips(tips: Tips, more: boolean): SessionAction[] {
    if (this.#hasRemote) return this.#fail('order');
    this.#remoteBegan = true;
    this.#remote.add(tips);
    for (const [author, logs] of tips) {
      for (const [log, { height }] of logs) this.#peer.begin({ author, log }, height);
    }
    const { size } = this.#remote;
    if (size > this.#mostLogs || !this.#mayHold(size)) return this.#fail('logs');
    const own = this.#digested === undefined ? [] : this.#showTips(this.#digested.tips);
    return more ? own : [...own, ...this.#takeRemote(this.#remote.take())];
  }

  /** Takes the digest of the other side's state vector. */
  receiveDigest(digest: Uint8Array): SessionAction[] {
    const isLate = this.#hasRemote || this.#remoteBegan || this.#remoteDigest !== undefined;
    if (isLate) return this.#fail('order');
    this.#remoteDigest = digest;
    return this.#compareDigests();
  }

  #showTips(local: Tips): SessionAction[] {
    this.#digested = undefined;
    this.#isShown = true;
    const parts = tipsInParts(local);
    const frames = parts.map((tips, at): LogFrame => {
      return { type: 'have', session: this.#session, tips, more: at < parts.length - 1 };
    });
    return [{ do: 'show', frames }];
  }

  /** Once both digests are there. */
  #compareDigests(): SessionAction[] {
    if (this.#digested === undefined || this.#remoteDigest === undefined) return [];
    const { tips, digest } = this.#digested;
    if (!equalBytes(digest, this.#remoteDigest)) return this.#showTips(tips);
    this.#digested = undefined;
    this.#isShown = true;
    this.#peer.beginWith(tips);
    return this.#takeRemote(tips);
  }

  #takeRemote(remote: Tips): SessionAction[] {
    if (!this.#mayHold(this.#peer.size)) return this.#fail('logs');
    this.#hasRemote = true;
    return [{ do: 'compare', remote }];
  }
}
