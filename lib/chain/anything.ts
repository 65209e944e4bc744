/** Data of an app that says nothing about its types, as with gun's own: apps use what they read without casts. */
export type Anything = any; // oxlint-disable-line typescript/no-explicit-any
