/** What relays alone read of control messages; apart from the parser because apps load nothing of it. */
import type { ControlMessage } from './message.ts';
import { shortText } from './parse-message.ts';

/** Gun's Node peers sort the keys of all they say, browsers do not (gun-wire section 1). */
const NODE_HELLO_KEYS = '#,@,dam,pid';
const NODE_HELLO_KEY_COUNT = 4;
const NODE_PID_LENGTH = 9;

/** What a `twin` asks to be told on the other link, or tells; empty for none. */
export function twinSecret({ raw }: ControlMessage): string {
  return shortText(raw['secret']) ?? '';
}

/** Of `log`: a frame between nodes as JSON, unchecked. */
export function logFrame({ raw }: ControlMessage): unknown {
  return raw['f'];
}

/** True when it is written as gun's own Node peers write it, which keep a store and can be asked. */
export function isFromNode({ raw }: ControlMessage): boolean {
  const pid = raw['pid'];
  if (typeof pid !== 'string' || pid.length !== NODE_PID_LENGTH) return false;
  const keys = Object.keys(raw);
  return keys.length === NODE_HELLO_KEY_COUNT && keys.join() === NODE_HELLO_KEYS;
}
