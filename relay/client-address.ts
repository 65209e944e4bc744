/** Who is on the other side of a request, seen through the proxies that the operator trusts. */
import type { IncomingMessage } from 'node:http';
import { addressKey, isLoopback, toAddress } from './address.ts';
import { AddressList } from './address-list.ts';
import type { RelayOptions } from './option-table.ts';

/** What stands for an address that nobody can tell any more. */
const UNKNOWN = '0.0.0.0';
const PORT_AFTER_IPV4 = /^([\d.]+):\d+$/;
const PORT_AFTER_IPV6 = /^\[([^\]]+)\](?::\d+)?$/;

/** The other side of a request. */
export interface Client {
  readonly address: string;
  /** Names it in the limits per address. */
  readonly key: string;
  /** True when it is on this machine, and no proxy is in between as far as can be seen. */
  readonly isLocal: boolean;
  /** True when limits per address do not count for it. */
  readonly isExempt: boolean;
}

/** Tells clients by their addresses. */
export class ClientAddresses {
  readonly #proxies: AddressList;
  readonly #exempt: AddressList;

  /** @throws GraphError OPTION_INVALID */
  constructor({ trustProxy, exempt }: Pick<RelayOptions, 'trustProxy' | 'exempt'>) {
    this.#proxies = new AddressList(trustProxy, '--trust-proxy');
    this.#exempt = new AddressList(exempt, '--exempt');
  }

  /** Who sent a request: the last address on its way that is no trusted proxy. */
  of({ socket, headers }: IncomingMessage): Client {
    const direct = toAddress(socket.remoteAddress ?? '') ?? UNKNOWN;
    const isForwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
    const address = this.#proxies.has(direct) ? this.#behind(direct, headers['x-forwarded-for']) : direct;
    // A proxy may pass on what a stranger wrote, so nobody becomes local or exempt by claiming a loopback address.
    const isClaim = address !== direct && isLoopback(address);
    return {
      address,
      key: addressKey(address),
      isLocal: !isForwarded && isLoopback(direct),
      isExempt: !isClaim && this.#exempt.has(address),
    };
  }

  /** The same for a socket before its first request; undefined when it may be a proxy's and stand for many. */
  keyOf(remoteAddress: string | undefined): string | undefined {
    const address = toAddress(remoteAddress ?? '') ?? UNKNOWN;
    return this.#proxies.has(address) || this.#exempt.has(address) ? undefined : addressKey(address);
  }

  #behind(proxy: string, header: string | string[] | undefined): string {
    let nearest = proxy;
    for (const entry of String(header ?? '')
      .split(',')
      .toReversed()) {
      const address = toAddress(withoutPort(entry.trim()));
      if (address === undefined) return nearest;
      nearest = address;
      if (!this.#proxies.has(address)) return address;
    }
    return nearest;
  }
}

function withoutPort(entry: string): string {
  return (PORT_AFTER_IPV4.exec(entry) ?? PORT_AFTER_IPV6.exec(entry))?.[1] ?? entry;
}
