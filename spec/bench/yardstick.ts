/** What this machine takes for a fixed piece of work, so that figures of two machines can be compared. */

/** A put of three properties of 192 bytes, as clients send it. */
export const YARDSTICK_PUT: string = JSON.stringify({
  '#': 'aB3dE5gH7',
  put: {
    'bench/node/000001': {
      _: { '#': 'bench/node/000001', '>': { a: 1700000000000, b: 1700000000000, c: 1700000000000 } },
      a: 'some text of a few words',
      b: 123456,
      c: true,
    },
  },
});

const ROUNDS = 15;
const PARSES = 20_000;

/** Microseconds of CPU that `JSON.parse` of a put takes: the median of several rounds, the first for warming up. */
export function microsecondsPerParse(): number {
  const taken: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const { user, system } = process.cpuUsage();
    for (let parse = 0; parse < PARSES; parse += 1) JSON.parse(YARDSTICK_PUT);
    const since = process.cpuUsage({ user, system });
    if (round > 0) taken.push((since.user + since.system) / PARSES);
  }
  return taken.toSorted((a, b) => a - b)[ROUNDS >> 1]!;
}
