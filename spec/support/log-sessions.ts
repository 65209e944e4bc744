/** Sessions of logs in any state, and the frames that bring them there. */
import type { Tips } from '../../lib/log/heights.ts';
import type { LogFrame } from '../../lib/sync/log-frames.ts';
import { LogSession } from '../../lib/sync/log-sync.ts';
import type { SessionAction } from '../../lib/sync/session-actions.ts';
import { TOPIC } from './log-maker.ts';

/** A hash, a key or the like, always the same for a byte. */
export const bytes = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** The state vector of a side that has no logs. */
export const NO_TIPS: Tips = new Map();

/** What actions say, in short. */
export function said(actions: readonly SessionAction[]): string[] {
  return actions.flatMap((action) => {
    if (action.do === 'show') return action.frames.map(({ type }) => type);
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
export function openedSession(): LogSession {
  const session = new LogSession({ session: 1, mostLogs: 10 });
  session.start(TOPIC);
  session.receive(frame({ type: 'agreed' }));
  return session;
}
