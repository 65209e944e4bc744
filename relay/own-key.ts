/** The key that a relay signs its log with: in a file of its folder or where it is told, or in a storage without a folder. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyPair } from '../lib/log/key-pair.ts';
import type { Storage } from '../lib/store/storage.ts';
import { loadKeyFile } from './key-file.ts';
import { lockKey } from './key-lock.ts';

/** Name of the key file in the data folder, unless an option says otherwise. */
const KEY_FILE = 'log-key';
/** Where a storage of a program's own has the secret. */
const STORED_KEY = 'log-key';
/** Digits of a public key that name the file of a key that is no longer used. */
const NAME_DIGITS = 16;

/** What is told of the key; `key` is the public one, as hex. */
export type OwnKeyEvent =
  | { readonly kind: 'log-key-made'; readonly file: string; readonly key: string }
  /** There was one before that is gone; a new one is made. */
  | { readonly kind: 'log-key-lost'; readonly file: string }
  /** The file was copied here, and the relay that it comes from may run as well: it is set aside for a new one. */
  | { readonly kind: 'log-key-copied'; readonly file: string; readonly keptAs: string; readonly todo: string }
  /** Others could read the file. */
  | { readonly kind: 'log-key-open'; readonly file: string };

/** A key that nobody else uses. */
export interface OwnKey {
  readonly pair: KeyPair;
  /** Lets others use it. */
  release(): Promise<void>;
}

/** Where a key is. */
export interface OwnKeyOptions {
  /** The data folder. */
  readonly data: string;
  /** File of the key; empty for the one in the data folder. */
  readonly logKey: string;
  readonly report: (event: OwnKeyEvent) => void;
}

/**
 * Opens the key in a file, which is made when there is none. The one in the data folder goes with the folder, so what
 * was copied with it is not used; a file that was asked for is.
 *
 * @throws GraphError KEY_INVALID, STORAGE_LOCKED when another relay runs with the file
 */
export async function openKeyFile({ data, logKey, report }: OwnKeyOptions): Promise<OwnKey> {
  const isAskedFor = logKey !== '';
  const file = isAskedFor ? logKey : join(data, KEY_FILE);
  let loaded = await loadKeyFile(file, { closes: !isAskedFor });
  const lock = await lockKey(file);
  try {
    if (loaded.isNew && (await lock.hasNote())) report({ kind: 'log-key-lost', file });
    if (loaded.wasOpen) report({ kind: 'log-key-open', file });
    if (!isAskedFor && !loaded.isNew && (await lock.isOfCopy())) {
      const keptAs = `${file}.${loaded.pair.id.slice(0, NAME_DIGITS)}`;
      await rename(file, keptAs);
      const todo = `if no other relay has it, start with --log-key ${keptAs} to go on with it`;
      report({ kind: 'log-key-copied', file, keptAs, todo });
      loaded = await loadKeyFile(file);
    }
    if (loaded.isNew) report({ kind: 'log-key-made', file, key: loaded.pair.id });
    if (!isAskedFor) await lock.note();
  } catch (error) {
    await lock.release();
    throw error;
  }
  return { pair: loaded.pair, release: () => lock.release() };
}

/**
 * The key that a storage without a folder has, made there when it has none; before anything else writes to it.
 *
 * @throws GraphError KEY_INVALID when the record is damaged, STORAGE_FAILED
 */
export async function storedKey(storage: Storage): Promise<KeyPair> {
  const text = await storage.getText(STORED_KEY);
  if (text !== undefined) return KeyPair.fromText(text);
  const pair = KeyPair.random();
  await storage.commit([[STORED_KEY, pair.exportText()]]);
  return pair;
}
