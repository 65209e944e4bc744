/** The seed of this run's random specs: SEED from the environment, otherwise a new one each time. */

/** A whole number from 0 to 2^31 - 1; specs name it in their titles, so that a failure can be repeated. */
export const seed: number =
  process.env['SEED'] === undefined ? Math.trunc(Math.random() * 2 ** 31) : Number(process.env['SEED']);
