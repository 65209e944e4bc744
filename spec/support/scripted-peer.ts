/** A peer of a graph that a spec plays message by message. */
import type { DialEvents, Dialling, PeerAddress } from '../../lib/mesh/link.ts';
import type { RawMessage } from './raw-peer.ts';
import { RecordingLink } from './recording-link.ts';

/** Lets everything happen that needs no more input. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Dialled by a graph; connects and fails when the spec says so. */
export class ScriptedPeer implements PeerAddress {
  readonly name: string;
  /** What the graph last said about keeping the process alive. */
  isHeld = true;
  isClosed = false;
  #events: DialEvents | undefined;
  #link: RecordingLink | undefined;

  constructor(name = 'peer') {
    this.name = name;
  }

  dial(events: DialEvents): Dialling {
    this.#events = events;
    return {
      hold: (isHeld) => {
        this.isHeld = isHeld;
      },
      close: () => {
        this.isClosed = true;
      },
    };
  }

  /** The link of now. */
  get link(): RecordingLink {
    if (this.#link === undefined) throw new Error('there is no link yet');
    return this.#link;
  }

  /** Opens a link; what the graph says over it first. */
  async connect(): Promise<RawMessage[]> {
    await settle();
    this.#link = new RecordingLink(this.name);
    this.#events!.link(this.#link);
    return this.heard();
  }

  /** An attempt to connect comes to nothing. */
  async fail(): Promise<void> {
    await settle();
    this.#events!.failed();
    await settle();
  }

  /** The link ends. */
  async hangUp(): Promise<void> {
    this.link.hangUp();
    await settle();
  }

  /** What the graph has said since the last time, without greetings. */
  async heard(): Promise<RawMessage[]> {
    await settle();
    return this.link.news().filter(({ dam }) => dam !== 'hi');
  }

  /** Says something; what the graph says then. */
  async say(...messages: readonly RawMessage[]): Promise<RawMessage[]> {
    this.link.say(...messages);
    return this.heard();
  }
}
