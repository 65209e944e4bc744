import { expect } from 'chai';
import { Admission, type Entrance, type RefusedUpgrade } from '../../relay/admission.ts';
import { ClientAddresses } from '../../relay/client-address.ts';
import { DEFAULT_OPTIONS, type RelayOptions } from '../../relay/option-table.ts';
import { requestOf } from './request-of.ts';

const HERE = '127.0.0.1';
const THERE = '192.0.2.7';

/** What becomes of a request from an address: a reason, or `in`. */
function outcomes(admission: Admission, addresses: readonly string[]): (RefusedUpgrade | 'in')[] {
  return addresses.map((address) => {
    const verdict = admission.admit(requestOf(address));
    return typeof verdict === 'string' ? verdict : 'in';
  });
}

function enter(admission: Admission, address: string): Entrance {
  const entrance = admission.admit(requestOf(address));
  if (typeof entrance === 'string') throw new Error(`refused: ${entrance}`);
  return entrance;
}

describe('relay admission', () => {
  let now: number;

  beforeEach(() => {
    now = 0;
  });

  function admissionWith(changes: Partial<RelayOptions>): Admission {
    const options = { ...DEFAULT_OPTIONS, ...changes };
    return new Admission({ options, addresses: new ClientAddresses(options), now: () => now });
  }

  it('takes so many links in all, and again when one leaves', () => {
    const admission = admissionWith({ connections: 2 });
    const first = enter(admission, HERE);
    expect(outcomes(admission, [THERE, HERE, THERE])).to.deep.equal(['in', 'full', 'full']);
    first.leave();
    first.leave();
    expect(admission.linkCount).to.equal(1);
    expect(outcomes(admission, [THERE, HERE])).to.deep.equal(['in', 'full']);
  });

  it('takes so many from one address, but any number from this machine', () => {
    const admission = admissionWith({ addressConnections: 2 });
    const first = enter(admission, THERE);
    expect(outcomes(admission, [THERE, THERE, '192.0.2.8'])).to.deep.equal(['in', 'address', 'in']);
    first.leave();
    expect(outcomes(admission, [THERE, THERE])).to.deep.equal(['in', 'address']);
    expect(
      new Set(
        outcomes(
          admission,
          Array.from({ length: 500 }, () => HERE),
        ),
      ),
    ).to.deep.equal(new Set(['in']));
  });

  it('counts a /64 of IPv6 as one address, and mapped addresses as what they are', () => {
    const admission = admissionWith({ addressConnections: 1 });
    expect(outcomes(admission, ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'])).to.deep.equal([
      'in',
      'address',
      'in',
    ]);
    expect(outcomes(admission, [THERE, `::ffff:${THERE}`])).to.deep.equal(['in', 'address']);
  });

  it('takes so many new ones a second from one address, after a burst', () => {
    const admission = admissionWith({ addressArrivals: 20, addressArrivalsBurst: 3 });
    expect(
      outcomes(
        admission,
        Array.from({ length: 5 }, () => THERE),
      ),
    ).to.deep.equal(['in', 'in', 'in', 'rate', 'rate']);
    now = 50;
    expect(outcomes(admission, [THERE, THERE, '192.0.2.8'])).to.deep.equal(['in', 'rate', 'in']);
    expect(
      new Set(
        outcomes(
          admission,
          Array.from({ length: 99 }, () => HERE),
        ),
      ),
    ).to.deep.equal(new Set(['in']));
  });

  it('remembers no more addresses than it may, however many come', () => {
    const admission = admissionWith({ rememberedAddresses: 50 });
    for (let i = 0; i < 1000; i += 1) enter(admission, `10.1.${i >> 8}.${i & 255}`).leave();
    expect(admission.addressCount).to.be.within(1, 51);
    expect(admission.linkCount).to.equal(0);
  });

  it('tells clients behind a trusted proxy apart', () => {
    const admission = admissionWith({ addressConnections: 1, trustProxy: [HERE] });
    const through = (address: string): Entrance | RefusedUpgrade =>
      admission.admit(requestOf(HERE, { 'x-forwarded-for': address }));
    expect(through(THERE)).to.have.nested.property('client.address', THERE);
    expect(through(THERE)).to.equal('address');
    expect(through('192.0.2.8')).to.have.nested.property('client.address', '192.0.2.8');
  });

  it('asks for an allowed origin, then for a token', () => {
    const admission = admissionWith({ origins: ['https://app.example'], readToken: 'open-sesame' });
    const ask = (origin: string, token: string): Entrance | RefusedUpgrade =>
      admission.admit(requestOf(HERE, { origin, authorization: `Bearer ${token}` }));
    expect(ask('https://evil.example', 'open-sesame')).to.equal('origin');
    expect(ask('https://app.example', 'wrong')).to.equal('token');
    expect(ask('https://app.example', 'open-sesame')).to.include({ mayWrite: true });
    expect(admission.linkCount).to.equal(1);
  });

  it('knows who may only read', () => {
    const admission = admissionWith({ writeToken: 'open-sesame' });
    expect(admission.admit(requestOf(HERE))).to.include({ mayWrite: false });
    expect(admission.admit(requestOf(HERE, {}, '/gun?token=open-sesame'))).to.include({ mayWrite: true });
  });

  it('lets nobody try more tokens than connections', () => {
    const admission = admissionWith({ readToken: 'open-sesame', addressArrivalsBurst: 2 });
    expect(outcomes(admission, [THERE, THERE, THERE])).to.deep.equal(['token', 'token', 'rate']);
  });
});
