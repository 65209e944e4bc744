/** Sessions of logs in any state, and the frames that bring them there. */
import { PART_HASHES_BYTES, PartedTips } from '../../lib/log/parted-tips.ts';
import type { TipsHashes } from '../../lib/log/tips-digest.ts';
import type { LogFrame } from '../../lib/sync/log-frames.ts';
import { LogSession } from '../../lib/sync/log-sync.ts';
import type { SessionAction } from '../../lib/sync/session-actions.ts';
import { TOPIC } from './log-maker.ts';

/** A hash, a key or the like, always the same for a byte. */
export const bytes = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** The state vector of a side that has no logs. */
export const NO_TIPS: PartedTips = PartedTips.empty();

/** The hashes of parts, each of which is the same byte again and again. */
export function partHashes(byteOf: (part: number) => number): Uint8Array {
  return new Uint8Array(PART_HASHES_BYTES).map((_, at) => byteOf(at >> 5));
}

/** Hashes of a state vector that nobody made of one. */
export function hashes(byte: number, byteOf: (part: number) => number = () => byte): TipsHashes {
  return { digest: bytes(byte), parts: partHashes(byteOf) };
}

/** What actions say, in short. */
export function said(actions: readonly SessionAction[]): string[] {
  return actions.flatMap((action) => {
    if (action.do === 'show') return Array.from(action.frames, ({ type }) => type);
    return [action.do === 'send' ? action.frame.type : action.do];
  });
}

/** A frame of session 1. */
export function frame(of: Record<string, unknown> & { readonly type: LogFrame['type'] }): LogFrame {
  return { session: 1, ...of } as unknown as LogFrame;
}

/** One of each type. */
export const FRAMES: readonly LogFrame[] = [
  frame({ type: 'hello', nodeKey: bytes(1), network: bytes(1), nonce: bytes(1), features: NO_TIPS }),
  frame({ type: 'proof', signature: bytes(1) }),
  frame({ type: 'topic', topic: TOPIC }),
  frame({ type: 'agreed' }),
  frame({ type: 'have', tips: NO_TIPS, more: false }),
  frame({ type: 'preSync', operations: 1, bytes: 1 }),
  frame({ type: 'operation', header: bytes(1), body: undefined }),
  frame({ type: 'done' }),
  frame({ type: 'live', header: bytes(1), body: undefined }),
  frame({ type: 'fork', first: bytes(1), second: bytes(2) }),
  frame({ type: 'digest', digest: bytes(1) }),
  frame({ type: 'digestParts', hashes: new Uint8Array(PART_HASHES_BYTES) }),
];

/** A session of the acceptor's side, led to a state by frames and answers. */
export function sessionIn(
  state: 'topic' | 'agreed' | 'comparing' | 'syncing' | 'done' | 'live',
  mostLogs = 10,
): LogSession {
  const session = new LogSession({ session: 1, mostLogs });
  const steps: readonly (readonly [string, () => void])[] = [
    ['topic', () => undefined],
    ['agreed', () => session.receive(FRAMES[2]!) && session.agree()],
    ['comparing', () => session.receive(FRAMES[3]!) && session.tips(NO_TIPS)],
    ['syncing', () => session.receive(FRAMES[4]!) && session.plan({ operations: 1, bytes: 9 })],
    ['done', () => session.receive(FRAMES[7]!)],
    ['live', () => session.sent()],
  ];
  for (const [name, step] of steps) {
    step();
    if (name === state) break;
  }
  return session;
}

/** A session of the side that opened it, which has shown nothing. */
export function openedSession(partsFrom?: number): LogSession {
  const session = new LogSession({ session: 1, mostLogs: 10, partsFrom });
  session.start(TOPIC);
  session.receive(frame({ type: 'agreed' }));
  return session;
}
