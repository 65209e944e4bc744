import { expect } from 'chai';
import { limitsWith } from '../../lib/base/limits.ts';
import { Peer } from '../../lib/mesh/peer.ts';
import { TextLine } from '../../relay/text-line.ts';
import { RecordingLink } from '../support/recording-link.ts';

describe('relay text line', () => {
  let peer: Peer;
  let link: RecordingLink;
  let line: TextLine;
  let said: string[];
  let events: string[];
  let drain: (isOpen: boolean) => void;

  beforeEach(() => {
    link = new RecordingLink('browser');
    peer = new Peer(link, 'client', limitsWith());
    said = [];
    events = [];
    line = new TextLine(
      peer,
      {
        send: (_peer, text) => said.push(text),
        hold: (_peer, isHeld) => events.push(isHeld ? 'held' : 'heard'),
        drained: () =>
          new Promise((resolve) => {
            drain = resolve;
          }),
      },
      () => events.push('closed'),
    );
  });

  it('says frames as JSON, until it is closed or the peer is gone', () => {
    expect(line.send({ type: 'done', session: 3 })).to.equal(undefined);
    const { dam, f } = JSON.parse(said[0]!) as { readonly dam: string; readonly f: unknown };
    expect([dam, f]).to.deep.equal(['log', [23, 3]]);
    line.close();
    line.close();
    void line.send({ type: 'done', session: 3 });
    expect([said.length, events]).to.deep.equal([1, ['closed']]);
    expect(link.closedWith).to.equal(undefined);
  });

  it('has who sends wait for a peer that is behind', async () => {
    link.queuedBytes = limitsWith().outputBytes;
    const waits = line.send({ type: 'done', session: 3 });
    expect(waits).to.be.instanceOf(Promise);
    drain(true);
    await waits;
  });

  it('hears the peer no further while it is paused, and again when it is over', () => {
    line.pause();
    line.pause();
    line.resume();
    line.pause();
    line.close();
    expect(events).to.deep.equal(['held', 'heard', 'held', 'heard', 'closed']);
  });

  it('leaves a peer alone that is gone', () => {
    peer.end();
    void line.send({ type: 'done', session: 3 });
    line.pause();
    expect([said, events]).to.deep.equal([[], []]);
  });
});
