/** Another node on the link of a client, as browsers are: its frames go as JSON in messages of the graph. */
import type { Signer } from '../../lib/log/key-pair.ts';
import { frameFromJson, frameToJson, type FrameType, type LogFrame } from '../../lib/sync/log-frames.ts';
import { LogHandshake } from '../../lib/sync/log-handshake.ts';
import { authorOf } from './log-maker.ts';
import { handshakeOf } from './log-node.ts';
import { freshId, type RawMessage, type RawPeer } from './raw-peer.ts';

/** One link of texts to a relay. */
export class TextNode {
  readonly #peer: RawPeer;

  constructor(peer: RawPeer) {
    this.#peer = peer;
  }

  /** Proves a key, and opens a session; resolves when the relay has sent its state vector. */
  async begin(topic: Uint8Array, signer: Signer = authorOf(77)): Promise<void> {
    const handshake = new LogHandshake(handshakeOf(signer));
    this.say(handshake.start());
    for (const type of ['hello', 'proof'] as const) {
      const step = handshake.receive(await this.hear(type));
      if (!step.ok) throw new Error(step.reason);
      for (const frame of step.value.send) this.say(frame);
    }
    this.say({ type: 'topic', session: 0, topic });
    await this.hear('agreed');
    this.say({ type: 'agreed', session: 0 });
    await this.hear('have');
  }

  say(frame: LogFrame): void {
    this.#peer.send({ '#': freshId(), dam: 'log', f: frameToJson(frame) });
  }

  /** The next frame of a type. */
  async hear(type: FrameType): Promise<LogFrame> {
    const of = (message: RawMessage): LogFrame | undefined => {
      const frame = message.dam === 'log' ? frameFromJson(message['f']) : undefined;
      return frame?.ok === true && frame.value.type === type ? frame.value : undefined;
    };
    return of(await this.#peer.next((message) => of(message) !== undefined, type))!;
  }
}
