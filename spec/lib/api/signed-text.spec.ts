import { expect } from 'chai';
import { headerIn, signedText, withOperation } from '../../../lib/api/signed-text.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf } from '../../../lib/log/operation.ts';
import { putJsonOf } from '../../../lib/wire/put-json.ts';
import { fieldsOf } from '../../support/log-maker.ts';
import { opOf, saidBy } from '../../support/signed-messages.ts';

describe('the text of a signed write', () => {
  // A value that looks like the field itself.
  const write = writeOf('s', 'k', 5, ',"op":{"h":"AAAA","b":"BBBB"}');
  const first = saidBy(1, undefined, write);
  const text = signedText(putJsonOf([write]), first);

  it('is what a message has between its braces, and names its operation', () => {
    const message = JSON.parse(`{"put":${text}}`) as Record<string, unknown>;
    expect(message).to.deep.equal({
      put: { s: { _: { '#': 's', '>': { k: 5 } }, k: ',"op":{"h":"AAAA","b":"BBBB"}' } },
      op: opOf(first),
    });
    expect(fieldsOf(headerIn(text)!)).to.deep.equal(first.header);
  });

  it('may be said by another operation', () => {
    const second = saidBy(1, first, write);
    const anew = withOperation(text, second);
    expect(headerIn(anew)?.sequence).to.equal(1);
    expect(anew).to.equal(signedText(putJsonOf([write]), second));
    expect(namesOf(second).id).to.not.equal(namesOf(first).id);
  });

  it('has no header when nobody signed it, or it is damaged', () => {
    expect(headerIn(putJsonOf([writeOf('s', 'k', 5, 1)]))).to.equal(undefined);
    expect(headerIn('{},"op":{"h":"!","b":"x"}')).to.equal(undefined);
    expect(headerIn('{},"op":{"h":"AAAA","b":"x"}')).to.equal(undefined);
  });
});
