import type { Verdict, VerifyLater } from '../../lib/log/strict-ed25519.ts';

type Checked = [publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array];

/** Asks somebody who takes his time; rejects with what he throws. */
export function verdictBy(verify: VerifyLater, ...checked: Checked): Promise<Verdict> {
  return new Promise((resolve) => verify(...checked, resolve));
}

/** Somebody who takes as much time as a promise does; one that rejects comes to no verdict. */
export function verifyingBy(check: (...checked: Checked) => Promise<boolean>): VerifyLater {
  return (publicKey, message, signature, decided) => {
    check(publicKey, message, signature).then(decided, decided);
  };
}
