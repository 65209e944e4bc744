import { expect } from 'chai';
import { namesItsContent } from '../../../lib/sea/content-soul.ts';
import { hashOf } from '../../../lib/sea/work.ts';

describe('sea namesItsContent', () => {
  it('takes base64 and hexadecimal, behind the last mark of the key', async () => {
    const base64 = await hashOf('hello');
    const hex = await hashOf('hello', 'hex');
    for (const key of [base64, hex, hex.toUpperCase(), `a#b#${base64}`, `2026/01#${hex}`]) {
      expect(await namesItsContent(key, '"hello"'), key).to.equal(true);
      expect(await namesItsContent(key, '"hellO"'), key).to.equal(false);
    }
    for (const key of [
      '',
      '#',
      `${base64}#`,
      base64.slice(1),
      hex.slice(1),
      `${hex}00`,
      base64.replaceAll('=', ''),
    ]) {
      expect(await namesItsContent(key, '"hello"'), key).to.equal(false);
    }
  });

  it('hashes texts as they are and other values as JSON', async () => {
    for (const value of ['', '"', 'é😀', '{"a":1}', 5, 1e21, true, false, null, { '#': 'a' }]) {
      expect(
        await namesItsContent(await hashOf(value), JSON.stringify(value)),
        JSON.stringify(value),
      ).to.equal(true);
    }
    expect(await namesItsContent(await hashOf('5'), '5')).to.equal(true);
  });
});
