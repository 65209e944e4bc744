/**
 * Loaded into a relay before its own code: every signature counts as right, so that a measurement leaves them out.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

Object.assign(crypto, { verify: () => true });
syncBuiltinESMExports();
