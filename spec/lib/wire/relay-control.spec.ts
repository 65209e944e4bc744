import { expect } from 'chai';
import { limitsWith } from '../../../lib/base/limits.ts';
import { decodeFrame } from '../../../lib/wire/codec.ts';
import type { ControlMessage } from '../../../lib/wire/message.ts';
import { isFromNode, logFrame, twinSecret } from '../../../lib/wire/relay-control.ts';

function controlOf(text: string): ControlMessage {
  const [item] = decodeFrame(text, limitsWith());
  return item?.ok === true && item.value.kind === 'control' ? item.value : expect.fail('no control message');
}

describe('wire relay control', () => {
  it('tells greetings of gun in Node from those of browsers by the order of their keys', () => {
    expect(isFromNode(controlOf('{"#":"i","@":"q","dam":"?","pid":"123456789"}'))).to.equal(true);
    for (const other of [
      '{"dam":"?","pid":"123456789","@":"q","#":"i"}',
      '{"#":"i","@":"q","dam":"?","pid":"12345678"}',
      '{"#":"i","@":"q","dam":"?","pid":123456789}',
      '{"#":"i","@":"q","dam":"?","pid":"123456789","z":1}',
      '{"#":"i","dam":"?"}',
    ])
      expect(isFromNode(controlOf(other)), other).to.equal(false);
  });

  it('reads the secret of a twin, which is a short text', () => {
    expect(twinSecret(controlOf('{"#":"i","dam":"twin","secret":"s"}'))).to.equal('s');
    for (const other of ['""', '7', 'null', `"${'x'.repeat(65)}"`])
      expect(twinSecret(controlOf(`{"#":"i","dam":"twin","secret":${other}}`)), other).to.equal('');
  });

  it('reads the frame of a log as it is', () => {
    expect(logFrame(controlOf('{"#":"i","dam":"log","f":["a",1]}'))).to.deep.equal(['a', 1]);
    expect(logFrame(controlOf('{"#":"i","dam":"log"}'))).to.equal(undefined);
  });
});
