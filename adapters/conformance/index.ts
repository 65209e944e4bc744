/** The door of the conformance suites: the storage and link contracts as specs. */
export { describeLink } from './link.ts';
export type { LinkSubject } from './link.ts';
export type { Runner, StorageSubject } from './storage-kit.ts';
export { describeStorage } from './storage.ts';
export type { StorageSuiteOptions, StorageSupports } from './storage.ts';
