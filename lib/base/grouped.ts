/** Things by what they have in common, in the order in which each of it came first. */
export function grouped<Thing, Common>(
  things: Iterable<Thing>,
  commonOf: (thing: Thing) => Common,
): Map<Common, Thing[]> {
  const groups = new Map<Common, Thing[]>();
  for (const thing of things) {
    const common = commonOf(thing);
    const group = groups.get(common);
    if (group === undefined) groups.set(common, [thing]);
    else group.push(thing);
  }
  return groups;
}
