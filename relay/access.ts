/** Who may read and who may write, by the tokens of a request. */
import type { IncomingMessage } from 'node:http';
import { AccessToken, tokensIn } from './access-token.ts';
import type { RelayOptions } from './option-table.ts';

/** What a request's tokens allow. */
export interface Permission {
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
}

const ALL: Permission = { mayRead: true, mayWrite: true };

/** Holds the tokens for reading and writing; without one, everybody may. */
export class Access {
  readonly #read: AccessToken | undefined;
  readonly #write: AccessToken | undefined;

  constructor({ readToken, writeToken }: Pick<RelayOptions, 'readToken' | 'writeToken'>) {
    this.#read = readToken === '' ? undefined : new AccessToken(readToken);
    this.#write = writeToken === '' ? undefined : new AccessToken(writeToken);
  }

  /** Who may write may read too. */
  of(request: IncomingMessage): Permission {
    const [read, write] = [this.#read, this.#write];
    if (read === undefined && write === undefined) return ALL;
    const given = tokensIn(request);
    const hasRead = read === undefined || given.some((text) => read.is(text));
    const hasWrite = write === undefined ? hasRead : given.some((text) => write.is(text));
    return { mayRead: hasRead || hasWrite, mayWrite: hasWrite };
  }
}
