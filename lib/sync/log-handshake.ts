import { concatBytes, equalBytes, utf8 } from '../base/bytes.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { Signer } from '../log/key-pair.ts';
import { verifyStrict, type VerifySignature } from '../log/strict-ed25519.ts';
import type { Features } from './frame-fields.ts';
import { LOG_SUBPROTOCOL, type LogFrame } from './log-frames.ts';

/** Why a handshake ends. */
export type HandshakeFault =
  /** The other node is of another network. */
  | 'network'
  /** The other node is this one. */
  | 'self'
  /** The other node is another one with the same key, and has proven that. */
  | 'twin'
  /** It has not got the key it names. */
  | 'proof'
  /** It said something else than it should. */
  | 'order';

/** Who is at the other end. */
export interface NodeIdentity {
  readonly nodeKey: Uint8Array;
  /** What both can do, in the lower of their versions. */
  readonly features: Features;
}

/** What a handshake needs. */
export interface HandshakeOptions {
  readonly signer: Signer;
  /** True on the side that dialled. */
  readonly dialled: boolean;
  /** Hash of the network's name. */
  readonly network: Uint8Array;
  readonly features: Features;
  /** 32 random bytes, for this connection alone. */
  readonly nonce: Uint8Array;
  /** True for what this node gave as `nonce`, on whatever connection; with its own key in a hello it is taken for itself
   * when absent. */
  readonly isOwnNonce?: ((nonce: Uint8Array) => boolean) | undefined;
  readonly verify?: VerifySignature | undefined;
}

/** What a frame led to: what to say, and who it is once that is proven. */
export interface HandshakeStep {
  readonly send: readonly LogFrame[];
  readonly peer: NodeIdentity | undefined;
}

/**
 * What both nodes sign: both nonces, that of the side that dialled first. So nobody who dialled two nodes can pass each of
 * them for the other by carrying their proofs to and fro.
 */
function challenge(dialled: Uint8Array, accepted: Uint8Array, network: Uint8Array): Uint8Array {
  return concatBytes(utf8(LOG_SUBPROTOCOL), dialled, accepted, network);
}

/** The beginning of a connection on `/log`: both say hello at once, then prove their keys (frames 0 and 1). */
export class LogHandshake {
  readonly #options: HandshakeOptions;
  #hello: Extract<LogFrame, { type: 'hello' }> | undefined;
  #hasOwnKey = false;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** What is said first. */
  start(): LogFrame {
    const { signer, network, nonce, features } = this.#options;
    return { type: 'hello', nodeKey: signer.publicKey, network, nonce, features };
  }

  /** Takes the next frame; after a fault the connection is to be closed. */
  receive(frame: LogFrame): Result<HandshakeStep, HandshakeFault> {
    const { signer, network } = this.#options;
    if (frame.type === 'hello' && this.#hello === undefined) {
      if (!equalBytes(frame.network, network)) return failure('network');
      this.#hasOwnKey = equalBytes(frame.nodeKey, signer.publicKey);
      // Whoever is not this node has to prove the key before that counts.
      if (this.#hasOwnKey && this.#options.isOwnNonce?.(frame.nonce) !== false) return failure('self');
      this.#hello = frame;
      const signature = signer.sign(this.#challenge(frame.nonce));
      return success({ send: [{ type: 'proof', signature }], peer: undefined });
    }
    if (frame.type !== 'proof' || this.#hello === undefined) return failure('order');
    const { nodeKey, nonce: theirs } = this.#hello;
    const verify = this.#options.verify ?? verifyStrict;
    if (!verify(nodeKey, this.#challenge(theirs), frame.signature)) return failure('proof');
    if (this.#hasOwnKey) return failure('twin');
    return success({ send: [], peer: { nodeKey, features: this.#common() } });
  }

  #challenge(theirs: Uint8Array): Uint8Array {
    const { dialled, nonce, network } = this.#options;
    return dialled ? challenge(nonce, theirs, network) : challenge(theirs, nonce, network);
  }

  #common(): Features {
    const common = new Map<string, number>();
    for (const [name, version] of this.#options.features) {
      const theirs = this.#hello!.features.get(name);
      if (theirs !== undefined) common.set(name, Math.min(version, theirs));
    }
    return common;
  }
}
