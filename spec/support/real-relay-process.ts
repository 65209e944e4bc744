/**
 * Gun's own relay in a process of its own.
 */
import { GunProcess } from './gun-process.ts';
import { relayUrl, type RelayProcess, type RelayProcessOptions } from './relay-process.ts';

/** A relay of the gun package, with its API at hand. */
export interface RealRelayProcess extends RelayProcess {
  readonly gun: GunProcess;
}

/** How a relay of the gun package is started. */
export interface RealRelayOptions extends RelayProcessOptions {
  /** False for one that passes everything on to everybody, as it came. */
  readonly axe?: boolean;
}

/** Starts a relay of the gun package with its defaults (interest routing on) and waits until it listens. */
export async function startRealRelay(options: RealRelayOptions): Promise<RealRelayProcess> {
  const { data, port = 0, peers = [], axe = true } = options;
  const gun = new GunProcess({ kind: 'relay', peers, file: `${data}/radata`, port, axe }, 'gun relay');
  const listening = await gun.ready;
  // Gun's relay dials its peers only when its own API first asks for something.
  if (peers.length > 0) await gun.once(['anything']);
  return {
    gun,
    url: relayUrl(listening),
    port: listening,
    data,
    stop: () => gun.end('SIGTERM'),
    kill: () => gun.end('SIGKILL'),
  };
}
