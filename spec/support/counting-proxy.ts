/** A way to a relay that counts what crosses it on its websockets, by path. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Inbox } from './inbox.ts';

/** What ends the head of a request and that of its answer. */
const HEAD_END = '\r\n\r\n';

/** Forwards connections on a port of its own to another one. */
export class CountingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #bytes = new Map<string, number>();

  readonly #closed = new Inbox<string>('connections that ended');
  /** The port of this machine that it forwards to. */
  to: number;

  private constructor(to: number) {
    this.to = to;
    this.#server = createServer((near) => this.#join(near, connect(this.to, '127.0.0.1')));
  }

  /** Forwards to a port of this machine. */
  static async open(to: number): Promise<CountingProxy> {
    const proxy = new CountingProxy(to);
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  /** Where one connects. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/gun`;
  }

  /** Bytes of both directions behind the heads, on all connections to a path. */
  bytesOn(path: string): number {
    return this.#bytes.get(path) ?? 0;
  }

  /** Waits until a connection to a path has ended. */
  async closedOn(path: string): Promise<void> {
    await this.#closed.next((ended) => ended === path, `the end of a connection to ${path}`);
  }

  /** Cuts all connections. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket, far: Socket): void {
    let path = '';
    const carry = (from: Socket, to: Socket, onHead: (head: string) => void): void => {
      let head: string | undefined = '';
      from.on('data', (bytes: Buffer) => {
        to.write(bytes);
        if (head === undefined) return this.#count(path, bytes.length);
        head += bytes.toString('latin1');
        const end = head.indexOf(HEAD_END);
        if (end === -1) return;
        onHead(head);
        const rest = head.length - end - HEAD_END.length;
        head = undefined;
        this.#count(path, rest);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      if (from === near) from.on('close', () => this.#closed.push(path));
      this.#sockets.add(from);
    };
    carry(near, far, (head) => {
      path = head.split(' ', 2)[1]!;
    });
    carry(far, near, () => undefined);
  }

  #count(path: string, bytes: number): void {
    this.#bytes.set(path, this.bytesOn(path) + bytes);
  }
}
