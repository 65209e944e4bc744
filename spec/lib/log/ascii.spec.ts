import { expect } from 'chai';
import { utf8 } from '../../../lib/base/bytes.ts';
import { isAscii, SHORT_TEXT, shortText } from '../../../lib/log/ascii.ts';

describe('log.ascii', () => {
  it('is told from what is not, and from what is not there', () => {
    const bytes = utf8('ab\u007f\u00e4cd');
    expect(isAscii(bytes, 0, 3)).to.equal(true);
    expect(isAscii(bytes, 0, 4)).to.equal(false);
    expect(isAscii(bytes, 5, 2)).to.equal(true);
    expect(isAscii(bytes, 5, 3)).to.equal(false);
    expect(isAscii(bytes, 7, 0)).to.equal(true);
  });

  it('is read as a text of any length that is short', () => {
    const text = Array.from({ length: SHORT_TEXT }, (_, at) => String.fromCharCode(at * 4)).join('');
    for (let length = 0; length <= SHORT_TEXT; length += 1) {
      expect(shortText(utf8(`x${text}`), 1, length)).to.equal(text.slice(0, length));
    }
  });
});
