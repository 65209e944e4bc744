import { LOG_REASONS, type LogReason } from '../log/reasons.ts';

/** Faults of a session that are no reason to refuse an operation, with the code of frame 27. */
export const SESSION_FAULTS: Readonly<
  Record<SessionFault, { readonly code: number; readonly text: string }>
> = {
  order: { code: 100, text: 'not what comes next' },
  topic: { code: 101, text: 'not a topic of this node' },
  logs: { code: 102, text: 'too many logs in one session' },
  storage: { code: 103, text: 'the store does not take anything' },
};

/** One of the faults in {@link SESSION_FAULTS}. */
export type SessionFault = 'order' | 'topic' | 'logs' | 'storage';

/** Code and text of frame 27 for a fault of a session, or for what is wrong with an operation. */
export function faultOf(reason: SessionFault | LogReason): { readonly code: number; readonly text: string } {
  return isSessionFault(reason) ? SESSION_FAULTS[reason] : LOG_REASONS[reason];
}

function isSessionFault(reason: SessionFault | LogReason): reason is SessionFault {
  return Object.hasOwn(SESSION_FAULTS, reason);
}
