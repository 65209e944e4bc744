/**
 * The real relay as a child process: the npm package gun with its defaults, on a free port of the loopback.
 *
 * Arguments: the folder for its files, then the URLs of relays to dial.
 */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** As much of gun as this script uses. */
type Gun = (options: object) => { get(soul: string): { once(listener: () => void): void } };

const [folder = 'radata', ...peers] = process.argv.slice(2);
const Gun = createRequire(import.meta.url)('gun') as Gun;
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const relay = Gun({ web: server, file: join(folder, 'radata'), multicast: false, stats: false, peers });
  // gun dials its peers only after its own code has asked for something.
  if (peers.length > 0) relay.get('bench/dial').once(() => {});
  console.log(`Relay peer started on port ${(server.address() as AddressInfo).port} with /gun`);
});
// A regular exit, so that a CPU profile gets written.
process.on('SIGTERM', () => process.exit(0));
