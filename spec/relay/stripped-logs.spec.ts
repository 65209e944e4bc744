/** Behaviour of relays towards those on `/log` who leave the bodies of others' operations away, as everybody can. */
import { expect } from 'chai';
import { LogNode } from '../support/log-node.ts';
import { toHex } from '../../lib/base/byte-texts.ts';
import { authorOf } from '../support/log-maker.ts';
import {
  GRAPH_TOPIC,
  graphLines,
  logLines,
  LogRelays,
  putsBy,
  synced,
  type LogRelay,
} from '../support/log-relays.ts';

/** What a relay holds of the author's log. */
async function ofLog({ storage }: LogRelay): Promise<string> {
  const lines = await logLines(storage);
  return lines.filter((line) => line.startsWith(toHex(authorOf(5).publicKey))).join();
}

describe('relays that are given operations without their bodies', () => {
  const relays = new LogRelays();
  afterEach(() => relays.end());

  it('get them from who has them, pass that on, and tell their clients', async () => {
    const log = putsBy(5, 100);
    const [whole, victim] = [await relays.start(), await relays.start()];
    for (const [relay, hasBody] of [
      [whole, true],
      [victim, false],
    ] as const) {
      const node = await LogNode.meet(relay.relay.port);
      await node.join(GRAPH_TOPIC);
      node.give(hasBody ? log : log.map(({ header }) => ({ header, body: undefined })));
      await node.frame('done');
      await synced(relay);
      await node.close();
    }
    const behind = await relays.start({ peers: [victim.url] });
    await synced(behind);
    const expected = await ofLog(whole);
    expect(await ofLog(behind)).to.not.equal(expected);
    await relays.start({ peers: [whole.url, victim.url] });
    for (const relay of [victim, behind]) {
      while ((await ofLog(relay)) !== expected) await new Promise((next) => setImmediate(next));
      expect(await graphLines(relay.storage)).to.deep.equal(await graphLines(whole.storage));
    }
    const reader = await relays.client(behind);
    expect(await reader.value('by5', 'k99')).to.equal('5 99');
  });
});
