import type { DialEvents, Dialling, Frame, Link, LinkListener, PeerAddress } from '../mesh/link.ts';
import { hasListeners, pass, type EventOwner } from './events.ts';
import type { GunPeer } from './options.ts';

/** Where messages and peers are told of, and who else listens. */
export interface WireEvents {
  readonly owner: EventOwner;
  /** What is handed on with each message, as its `$`. */
  readonly $: unknown;
}

/**
 * A peer whose coming and going is told as `hi` and `bye`, and whose messages pass the listeners of `in` and `out`,
 * who may change them or keep them. Without such listeners frames are not looked at.
 */
export function withWireEvents(address: PeerAddress, peer: GunPeer, events: WireEvents): PeerAddress {
  return {
    name: address.name,
    dial(dialEvents: DialEvents): Dialling {
      return address.dial({
        link: (link) => {
          peer.wire = { readyState: 1 };
          dialEvents.link(new WatchedLink(link, peer, events));
          events.owner.on('hi', peer);
        },
        failed: () => dialEvents.failed(),
      });
    },
  };
}

/** A link whose messages can be listened to. */
class WatchedLink implements Link {
  readonly name: string;
  readonly #link: Link;
  readonly #peer: GunPeer;
  readonly #events: WireEvents;

  constructor(link: Link, peer: GunPeer, events: WireEvents) {
    this.#link = link;
    this.#peer = peer;
    this.#events = events;
    this.name = link.name;
  }

  get queuedBytes(): number {
    return this.#link.queuedBytes;
  }

  listen(listener: LinkListener): void {
    this.#link.listen({
      frame: (text) => this.#pass('in', text, (passed) => listener.frame(passed)),
      close: () => {
        delete this.#peer.wire;
        listener.close();
        this.#events.owner.on('bye', this.#peer);
      },
    });
  }

  pause(): void {
    this.#link.pause();
  }

  resume(): void {
    this.#link.resume();
  }

  send(frame: Frame): void {
    this.#pass('out', frame.text, (text) => this.#link.send(text === frame.text ? frame : { text }));
  }

  close(code: number, reason: string): void {
    this.#link.close(code, reason);
  }

  hold(isHeld: boolean): void {
    this.#link.hold?.(isHeld);
  }

  #pass(name: 'in' | 'out', text: string, end: (text: string) => void): void {
    const messages = hasListeners(this.#events.owner, name) ? messagesIn(text) : undefined;
    if (messages === undefined) return end(text);
    for (const message of messages) {
      const told: Record<string, unknown> = { ...message };
      // What is not of the message itself is not sent.
      for (const [key, value] of Object.entries({ $: this.#events.$, _: { via: this.#peer } }))
        Object.defineProperty(told, key, { value, configurable: true, writable: true });
      pass(this.#events.owner, name, told, (passed) => end(JSON.stringify(passed)));
    }
  }
}

/** The messages of a frame; undefined for what is none of ours to look at. */
function messagesIn(text: string): Record<string, unknown>[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const messages: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
    const all = messages.map((each: unknown): unknown =>
      typeof each === 'string' ? JSON.parse(each) : each,
    );
    return all.every((each) => typeof each === 'object' && each !== null && !Array.isArray(each))
      ? (all as Record<string, unknown>[])
      : undefined;
  } catch {
    return undefined;
  }
}
