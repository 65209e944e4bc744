import { BlockList, isIPv4 } from 'node:net';
import { GraphError } from '../lib/base/errors.ts';
import { toAddress } from './address.ts';

const BITS = { ipv4: 32, ipv6: 128 } as const;

/** Addresses and networks as an operator lists them, such as `10.0.0.0/8` or `::1`. */
export class AddressList {
  readonly #list = new BlockList();

  /**
   * @param flag the option that they come from
   * @throws GraphError OPTION_INVALID naming the entry that is no address and no network
   */
  constructor(entries: readonly string[], flag: string) {
    for (const entry of entries) this.#add(entry, flag);
  }

  /** True when an address, in the form that `toAddress` gives, is listed or lies in a listed network. */
  has(address: string): boolean {
    return this.#list.check(address, familyOf(address));
  }

  #add(entry: string, flag: string): void {
    const [text = '', prefix, ...rest] = entry.split('/');
    const address = toAddress(text);
    if (address === undefined || rest.length > 0) return fail(entry, flag);
    const family = familyOf(address);
    if (prefix === undefined) return this.#list.addAddress(address, family);
    const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
    if (!(bits <= BITS[family])) return fail(entry, flag);
    this.#list.addSubnet(address, bits, family);
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}

function fail(entry: string, flag: string): never {
  throw new GraphError('OPTION_INVALID', `${flag} ${JSON.stringify(entry)}: must be an address or a network`);
}
