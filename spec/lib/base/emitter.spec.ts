import { expect } from 'chai';
import { Emitter } from '../../../lib/base/emitter.ts';

interface Events extends Record<string, unknown> {
  readonly update: number;
  readonly close: string;
}

describe('base.emitter', () => {
  it('tells each listener of a name the events of that name, in order of registration', () => {
    const heard: unknown[] = [];
    const emitter = new Emitter<Events>((error) => heard.push(error));
    emitter.on('update', (event) => heard.push(['first', event]));
    emitter.on('update', (event) => heard.push(['second', event]));
    emitter.on('close', (event) => heard.push(['close', event]));
    emitter.emit('update', 1);
    emitter.emit('close', 'bye');
    expect(heard).to.deep.equal([
      ['first', 1],
      ['second', 1],
      ['close', 'bye'],
    ]);
  });

  it('stops telling a listener once it was stopped, also during an event', () => {
    const heard: string[] = [];
    const emitter = new Emitter<Events>(() => undefined);
    const stopFirst = emitter.on('update', () => {
      heard.push('first');
      stopFirst();
      stopSecond();
    });
    const stopSecond = emitter.on('update', () => heard.push('second'));
    emitter.emit('update', 1);
    emitter.emit('update', 2);
    stopFirst();
    expect(heard).to.deep.equal(['first']);
  });

  it('reports what a listener throws, and of which name, and goes on to the next one', () => {
    const fault = new Error('listener');
    const reported: unknown[] = [];
    const heard: number[] = [];
    const emitter = new Emitter<Events>((error, name) => reported.push(error, name));
    emitter.on('update', () => {
      throw fault;
    });
    emitter.on('update', (event) => heard.push(event));
    emitter.emit('update', 7);
    expect(reported).to.deep.equal([fault, 'update']);
    expect(heard).to.deep.equal([7]);
  });

  it('lets nobody listen, and says so', () => {
    const reported: unknown[] = [];
    const emitter = new Emitter<Events>((error) => reported.push(error));
    expect(emitter.emit('update', 1)).to.equal(false);
    const stop = emitter.on('update', () => undefined);
    expect([emitter.emit('update', 1), emitter.emit('close', 'bye')]).to.deep.equal([true, false]);
    stop();
    expect(emitter.emit('update', 1)).to.equal(false);
    expect(reported).to.deep.equal([]);
  });
});
