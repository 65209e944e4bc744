import { expect } from 'chai';
import type { LogFrame } from '../../../lib/sync/log-frames.ts';
import { LogHandshake, type HandshakeOptions, type NodeIdentity } from '../../../lib/sync/log-handshake.ts';
import { authorOf, verifyFast } from '../../support/log-maker.ts';

const network = new Uint8Array(32).fill(9);

function options(number: number, changes: Partial<HandshakeOptions> = {}): HandshakeOptions {
  const features = new Map([
    ['log', number],
    [`only${number}`, 1],
  ]);
  const nonce = new Uint8Array(32).fill(number);
  const dialled = number === 1;
  return { signer: authorOf(number), dialled, network, features, nonce, verify: verifyFast, ...changes };
}

/** Sends what one says to the other, until both are silent; gives whom each found, or its fault. */
function shakeHands(a: LogHandshake, b: LogHandshake): (NodeIdentity | string | undefined)[] {
  const outcomes: (NodeIdentity | string | undefined)[] = [undefined, undefined];
  let waiting: (readonly [to: number, frame: LogFrame])[] = [
    [1, a.start()],
    [0, b.start()],
  ];
  while (waiting.length > 0) {
    const [[to, frame], ...rest] = waiting as [
      readonly [number, LogFrame],
      ...(readonly [number, LogFrame])[],
    ];
    const step = [a, b][to]!.receive(frame);
    waiting = rest;
    if (!step.ok) outcomes[to] = step.reason;
    else {
      outcomes[to] ??= step.value.peer;
      waiting.push(...step.value.send.map((answer) => [1 - to, answer] as const));
    }
  }
  return outcomes;
}

const proofFor = (nonce: number): LogFrame => {
  const handshake = new LogHandshake(options(2));
  const hello = new LogHandshake(options(1, { nonce: new Uint8Array(32).fill(nonce) })).start();
  const step = handshake.receive(hello);
  if (!step.ok) throw new Error(step.reason);
  return step.value.send[0]!;
};

const verdict = (proof: LogFrame): unknown => {
  const handshake = new LogHandshake(options(1));
  handshake.receive(new LogHandshake(options(2)).start());
  return handshake.receive(proof);
};

describe('sync.log-handshake', () => {
  it('tells each side whom it speaks with, and what both can do', () => {
    const outcome = shakeHands(new LogHandshake(options(1)), new LogHandshake(options(2)));
    expect(outcome).to.deep.equal([
      { nodeKey: authorOf(2).publicKey, features: new Map([['log', 1]]) },
      { nodeKey: authorOf(1).publicKey, features: new Map([['log', 1]]) },
    ]);
  });

  it('proves keys with noble as well', () => {
    const [a, b] = [1, 2].map((number) => new LogHandshake(options(number, { verify: undefined })));
    expect(shakeHands(a!, b!).every((outcome) => typeof outcome === 'object')).to.equal(true);
  });

  it('refuses another network, and itself', () => {
    const other = new LogHandshake(options(2, { network: new Uint8Array(32) }));
    expect(shakeHands(new LogHandshake(options(1)), other)).to.deep.equal(['network', 'network']);
    const [a, b] = [1, 1].map((number) => new LogHandshake(options(number)));
    expect(shakeHands(a!, b!)).to.deep.equal(['self', 'self']);
  });

  it('tells another node with its own key from itself, once that has proven it', () => {
    const foreign = { isOwnNonce: () => false };
    const twins = [1, 1].map((number) => new LogHandshake(options(number, foreign)));
    expect(shakeHands(twins[0]!, twins[1]!)).to.deep.equal(['twin', 'twin']);
    const own = [1, 1].map((number) => new LogHandshake(options(number, { isOwnNonce: () => true })));
    expect(shakeHands(own[0]!, own[1]!)).to.deep.equal(['self', 'self']);
    const liar = {
      publicKey: authorOf(1).publicKey,
      sign: (message: Uint8Array) => authorOf(2).sign(message),
    };
    const claimed = shakeHands(
      new LogHandshake(options(1, foreign)),
      new LogHandshake(options(2, { ...foreign, signer: liar })),
    );
    expect(claimed[0]).to.equal('proof');
  });

  it('refuses a node that has not got its key', () => {
    const liar = {
      publicKey: authorOf(3).publicKey,
      sign: (message: Uint8Array) => authorOf(2).sign(message),
    };
    const outcome = shakeHands(new LogHandshake(options(1)), new LogHandshake(options(2, { signer: liar })));
    expect(outcome[0]).to.equal('proof');
  });

  it('takes no proof that was made for another connection, or by itself', () => {
    expect(verdict(proofFor(1))).to.deep.include({ ok: true });
    expect(verdict(proofFor(7))).to.deep.equal({ ok: false, reason: 'proof' });
  });

  it('takes no proofs that somebody who dialled both carries to and fro', () => {
    const [a, b] = [1, 2].map((number) => new LogHandshake(options(number, { dialled: false })));
    expect(shakeHands(a!, b!)).to.deep.equal(['proof', 'proof']);
    const [c, d] = [1, 2].map((number) => new LogHandshake(options(number, { dialled: true })));
    expect(shakeHands(c!, d!)).to.deep.equal(['proof', 'proof']);
  });

  it('refuses everything that does not come in its order', () => {
    const proof: LogFrame = { type: 'proof', signature: new Uint8Array(64) };
    expect(new LogHandshake(options(1)).receive(proof)).to.deep.equal({ ok: false, reason: 'order' });
    expect(new LogHandshake(options(1)).receive({ type: 'done', session: 1 })).to.deep.equal({
      ok: false,
      reason: 'order',
    });
    const handshake = new LogHandshake(options(1));
    const hello = new LogHandshake(options(2)).start();
    handshake.receive(hello);
    expect(handshake.receive(hello)).to.deep.equal({ ok: false, reason: 'order' });
  });
});
