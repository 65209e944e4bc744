/** What an ack promises, counted: a sync to the disk between each put and its ack, shared by puts that come together. */
import { expect } from 'chai';
import { freshId, freshName, graphOf, RawPeer } from '../support/raw-peer.ts';
import { startSynced, SYNC_SEAMS, type SyncedRelay } from '../support/synced-relay.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const PUTS = 1000;
const ALONE = 20;
/** Puts that come together share a sync; those of one frame need not come in one turn. */
const MOST_SYNCS = PUTS / 10;

const MODES = ['graph', 'witness'] as const;

for (const [seam, legacy] of SYNC_SEAMS.flatMap((one) => MODES.map((mode) => [one, mode] as const))) {
  describe(`an ack with --legacy ${legacy}, by ${seam.name}`, function () {
    this.timeout(30_000);
    const folder = temporaryFolders();
    let counted: SyncedRelay;
    let peer: RawPeer;

    async function start(durability: string): Promise<void> {
      counted = await startSynced(seam, await folder(), ['--durability', durability, '--legacy', legacy]);
      peer = await RawPeer.open(counted.relay.url);
      await peer.caughtUp();
    }

    afterEach(async () => {
      await peer.close();
      expect(await counted.relay.stop()).to.equal(0);
    });

    it('comes after a sync of its put', async () => {
      await start('fsync');
      for (let at = 0; at < ALONE; at += 1) {
        const before = await counted.syncs();
        expect(await peer.put(graphOf(freshName('soul'), { k: at }))).to.include({ ok: true });
        const after = await counted.syncs();
        // What little follows soon is signed by a commit of its own, whenever that comes.
        if (legacy === 'graph') expect(after, `syncs for put ${at}`).to.equal(before + 1);
        else expect(after, `syncs for put ${at}`).to.be.above(before);
      }
    });

    it(`shares its sync with others: ${PUTS} puts at once`, async () => {
      await start('fsync');
      const before = await counted.syncs();
      const puts = Array.from({ length: PUTS }, (_, at) => ({
        '#': freshId(),
        put: graphOf(freshName('soul'), { k: at }),
      }));
      for (const put of puts) peer.send(put);
      for (const put of puts) expect(await peer.reply(put['#'])).to.include({ ok: true });
      const syncs = (await counted.syncs()) - before;
      if (process.env['VERBOSE'] !== undefined) console.log(`${syncs} syncs for ${PUTS} puts`);
      expect(syncs).to.be.within(1, MOST_SYNCS);
    });

    it('waits for none where the operating system is trusted', async () => {
      await start('os');
      const before = await counted.syncs();
      for (let at = 0; at < ALONE; at += 1)
        expect(await peer.put(graphOf(freshName('soul'), { k: at }))).to.include({ ok: true });
      expect(await counted.syncs()).to.equal(before);
    });
  });
}
