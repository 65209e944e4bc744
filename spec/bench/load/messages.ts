/**
 * As much of a relay's messages as the load generator looks at.
 */

/** A node on the wire. */
export interface NodeOnWire {
  readonly _: { readonly '#': string; readonly '>': Readonly<Record<string, number>> };
  readonly [key: string]: unknown;
}

/** A reply, an ack or a pushed change. */
export interface Message {
  readonly '@'?: string;
  readonly err?: string;
  readonly put?: Readonly<Record<string, NodeOnWire>>;
}

/** The messages of a frame. */
export function messagesIn(text: string): readonly Message[] {
  const frame = JSON.parse(text) as Message | readonly Message[];
  return Array.isArray(frame) ? (frame as readonly Message[]) : [frame as Message];
}
