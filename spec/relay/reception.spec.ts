import { expect } from 'chai';
import type { Peer } from '../../lib/mesh/peer.ts';
import type { Entrance } from '../../relay/admission.ts';
import { Newcomers } from '../../relay/newcomers.ts';
import { DEFAULT_OPTIONS } from '../../relay/option-table.ts';
import { GOODBYE, Reception, type ReceptionParts } from '../../relay/reception.ts';
import { Throttle } from '../../relay/throttle.ts';
import { RecordingLink } from '../support/recording-link.ts';
import { FakeTimers } from './fake-timers.ts';
import { NotingWire } from './noting-wire.ts';

const CLIENT = { address: '192.0.2.7', key: '192.0.2.7', isLocal: false, isExempt: false };
const ENTRANCE: Entrance = { client: CLIENT, mayWrite: false, leave: () => undefined };

function meteredLink(name: string): RecordingLink & { bytesRead: number; noise: number } {
  return Object.assign(new RecordingLink(name), { bytesRead: 0, noise: 0 });
}

describe('relay reception', () => {
  let handed: unknown[];
  /** The shares of lines that were handed over. */
  let shares: unknown[];
  let accepted: Peer[];
  let newcomers: Newcomers;
  let throttle: Throttle;
  let reception: Reception;

  beforeEach(() => {
    const { now, repeat, startTimer } = new FakeTimers();
    [handed, shares, accepted] = [[], [], []];
    newcomers = new Newcomers(DEFAULT_OPTIONS, now);
    throttle = new Throttle({ options: DEFAULT_OPTIONS, now, repeat, startTimer, report: () => undefined });
    reception = new Reception({
      mesh,
      logs: {
        accept: (wire, isDialled, share) => {
          handed.push([wire.name, isDialled]);
          shares.push(share);
        },
        greet: () => handed.push('greeted'),
      },
      throttle,
      newcomers,
    });
  });

  const mesh: ReceptionParts['mesh'] = {
    accept: (link, role, mayWrite) => {
      handed.push([link.name, role, mayWrite]);
      const peer = { messages: 0, share: undefined } as Peer;
      accepted.push(peer);
      return peer;
    },
  };

  it('lets clients wait while the store opens, and forgets those that leave', () => {
    const [first, second] = [meteredLink('first'), meteredLink('second')];
    reception.client(first, ENTRANCE);
    reception.client(second, ENTRANCE);
    reception.gone(first);
    expect(handed).to.deep.equal([]);
    reception.open();
    reception.client(meteredLink('third'), ENTRANCE);
    expect(handed).to.deep.equal([
      ['second', 'client', false],
      ['third', 'client', false],
    ]);
    expect(throttle.linkCount).to.equal(2);
  });

  it('hands lines to the logs, and greets relays that were dialled', () => {
    reception.open();
    reception.line(new NotingWire('in'), CLIENT);
    reception.dialledLine(new NotingWire('out'));
    reception.relay(new RecordingLink('relay'));
    expect(handed).to.deep.equal([['in', false], ['out', true], ['relay', 'relay', undefined], 'greeted']);
    expect(throttle.linkCount).to.equal(1);
  });

  it('gives all those at one address one share of new authors, and those who were dialled none', () => {
    reception.open();
    reception.client(meteredLink('client'), ENTRANCE);
    reception.line(new NotingWire('in'), CLIENT);
    reception.line(new NotingWire('other'), { ...CLIENT, key: '192.0.2.8' });
    reception.dialledLine(new NotingWire('out'));
    reception.relay(new RecordingLink('relay'));
    const [line, other, dialledLine] = shares;
    const [client, dialled] = accepted.map(({ share }) => share);
    expect(client).to.be.an('object').that.equals(line);
    expect(other).to.be.an('object').that.does.not.equal(line);
    expect([dialledLine, dialled]).to.deep.equal([undefined, undefined]);
  });

  it('hands relays to the mesh where logs are not synchronised', () => {
    const without = new Reception({ mesh, logs: undefined, throttle, newcomers });
    without.open();
    without.relay(new RecordingLink('relay'));
    expect(handed).to.deep.equal([['relay', 'relay', undefined]]);
  });

  it('sends lines and relays away while the store opens', () => {
    const [line, relay] = [new NotingWire('line'), new RecordingLink('relay')];
    reception.line(line, CLIENT);
    reception.relay(relay);
    expect(line.closedWith).to.deep.equal([1001, 'relay is starting']);
    expect(relay.closedWith).to.deep.equal({ code: 1001, reason: GOODBYE });
    expect(handed).to.deep.equal([]);
  });

  it('sends everybody away once it is closed', () => {
    const [waiting, late, line] = [meteredLink('waiting'), meteredLink('late'), new NotingWire('line')];
    reception.client(waiting, ENTRANCE);
    reception.close();
    reception.client(late, ENTRANCE);
    reception.dialledLine(line);
    for (const link of [waiting, late])
      expect(link.closedWith).to.deep.equal({ code: 1001, reason: GOODBYE });
    expect(line.closedWith).to.deep.equal([1001, GOODBYE]);
    expect(handed).to.deep.equal([]);
  });
});
