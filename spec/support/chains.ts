/** Chains for specs: graphs in memory of their own, with peers that a spec plays, closed after each spec. */
import { newMemory } from '../../lib/chain/common-keeper.ts';
import { gunFor, type GunFunction } from '../../lib/chain/gun-function.ts';
import type { GunOptions } from '../../lib/chain/options.ts';
import type { RootChain } from '../../lib/chain/user-chain.ts';
import { ScriptedPeer } from './scripted-peer.ts';

/** What a spec of chains works with. */
export interface ChainWorld {
  readonly Gun: GunFunction;
  /** A chain that is closed after the spec. */
  readonly open: (options?: GunOptions | string) => RootChain;
  /** The peer of a URL, once a chain has it. */
  readonly peer: (url: string) => ScriptedPeer;
}

/** Registers the hook of a describe that closes what it opened. */
export function useChains(): ChainWorld {
  const chains: RootChain[] = [];
  const peers = new Map<string, ScriptedPeer>();
  const Gun = gunFor({
    keep: newMemory,
    peer: (url) => {
      const peer = new ScriptedPeer(url);
      peers.set(url, peer);
      return peer;
    },
  });
  afterEach(async () => {
    peers.clear();
    await Promise.all(chains.splice(0).map((chain) => chain.close()));
  });
  return {
    Gun,
    open: (options) => {
      const chain = Gun(options);
      chains.push(chain);
      return chain;
    },
    peer: (url) => peers.get(url)!,
  };
}

/** What a put calls back with. */
export function acked(
  put: (callback: (ack: { readonly err?: string; readonly ok?: true }) => void) => unknown,
) {
  return new Promise<{ readonly err?: string; readonly ok?: true; readonly lack?: true }>((resolve) => {
    put(resolve);
  });
}

/** What a listener is called with once that is as wished. */
export function called<T>(
  listen: (callback: (value: T) => void) => unknown,
  isWished: (value: T) => boolean = () => true,
): Promise<T> {
  return new Promise((resolve) => {
    listen((value) => {
      if (isWished(value)) resolve(value);
    });
  });
}
