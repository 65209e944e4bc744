import { expect } from 'chai';
import { useRelay } from '../support/interop-world.ts';
import { freshId, freshName, graphOf, type RawMessage } from '../support/raw-peer.ts';

/** True for an ack that carries signalling. */
function isRtc({ ok }: RawMessage): boolean {
  return typeof ok === 'object' && ok !== null && 'rtc' in ok;
}

describe('interop: signalling between browsers', function () {
  this.timeout(30_000);
  const shared = useRelay();

  it('carries offers, answers and candidates as acks along the path of the announcement', async () => {
    const [caller, callee, stranger] = await Promise.all([
      shared.world.raw(shared.relay, 'caller'),
      shared.world.raw(shared.relay, 'callee'),
      shared.world.raw(shared.relay, 'stranger'),
    ]);
    const room = `/RTC/${freshName('room')}<?99`;
    const announcement = freshId();
    await callee.get({ '#': room, '.': '+' });
    caller.send({ '#': announcement, ok: { '@': 56, '/': 1 }, put: graphOf(room, { '+': 'PA' }) });
    const heard = await callee.pushed(room);
    expect(heard.put?.[room]).to.include({ '+': 'PA' });

    const offer = { rtc: { id: 'PB', offer: { sdp: 'x', type: 'offer' } } };
    callee.send({ '#': freshId(), '@': heard['#'] ?? '', ok: offer });
    const offered = await caller.next(isRtc, 'the offer');
    expect(offered['@']).to.equal(announcement);
    expect(offered.ok).to.deep.equal(offer);

    const answer = { rtc: { id: 'PA', answer: { sdp: 'y', type: 'answer' } } };
    caller.send({ '#': freshId(), '@': offered['#'] ?? '', ok: answer });
    expect((await callee.next(isRtc, 'the answer')).ok).to.deep.equal(answer);

    const candidate = { rtc: { id: 'PB', candidate: { candidate: 'c' } } };
    callee.send({ '#': freshId(), '@': heard['#'] ?? '', ok: candidate });
    const found = await caller.next(isRtc, 'the candidate');
    expect(found['@']).to.equal(announcement);
    expect(found.ok).to.deep.equal(candidate);

    await stranger.caughtUp();
    expect(stranger.messages.all.filter(isRtc)).to.deep.equal([]);
  });
});
