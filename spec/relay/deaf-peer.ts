/** A peer that connects to `/gun` by hand and then neither reads nor answers anything, not even a goodbye. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Resolves once the upgrade is through; the spec destroys the socket. */
export async function deafPeer(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  // The relay cuts it off in the end.
  socket.on('error', () => undefined);
  socket.write(
    'GET /gun HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(socket, 'data');
  socket.pause();
  return socket;
}
