/** The code of what fails, which it is expected to do. */
import { expect } from 'chai';
import { GraphError } from '../../lib/base/errors.ts';

/** The code with which a call or a promise fails; what it fails with where that is no GraphError. */
export async function codeOf(failing: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof failing === 'function' ? failing() : failing);
  } catch (error) {
    return error instanceof GraphError ? error.code : error;
  }
  return expect.fail('it did not fail');
}
