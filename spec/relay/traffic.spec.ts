import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { Traffic } from '../../relay/traffic.ts';

/** A stream whose bytes a spec sets. */
class Stream extends EventEmitter {
  bytesRead = 0;
  bytesWritten = 0;
}

describe('relay traffic', () => {
  it('is the bytes of all streams, those that are gone included', () => {
    const traffic = new Traffic();
    const [one, two] = [new Stream(), new Stream()];
    traffic.join(one);
    traffic.join(two);
    Object.assign(one, { bytesRead: 5, bytesWritten: 7 });
    Object.assign(two, { bytesRead: 10, bytesWritten: 20 });
    expect(traffic).to.include({ bytesRead: 15, bytesWritten: 27 });
    one.emit('close');
    Object.assign(one, { bytesRead: 0, bytesWritten: 0 });
    two.bytesRead = 11;
    expect(traffic).to.include({ bytesRead: 16, bytesWritten: 27 });
  });
});
