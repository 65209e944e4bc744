import { expect } from 'chai';
import { hasListeners, on, pass, type EventOwner, type EventTurn } from '../../../lib/chain/events.ts';

const owner = (): EventOwner => ({ on });

describe('events of a chain', () => {
  it('go from one listener to the next, as long as each hands them on', () => {
    const told: string[] = [];
    const world = owner();
    world.on('x', function first(message: string) {
      told.push(`1 ${message}`);
      if (message !== 'stop') this.to.next(`${message}!`);
    });
    world.on('x', (message: string) => told.push(`2 ${message}`));
    world.on('x', 'go');
    world.on('x', 'stop');
    world.on('y', 'nobody');
    expect(told).to.deep.equal(['1 go', '2 go!', '1 stop']);
  });

  it('pass over a listener that has left, also when they were on their way to it', () => {
    const told: string[] = [];
    const world = owner();
    let go: (() => void) | undefined;
    world.on('x', function later(message: string) {
      const { to } = this;
      go = () => to.next(message);
    });
    const second: EventTurn = world.on('x', () => told.push('second'));
    world.on('x', (message: string) => told.push(`third ${message}`));
    world.on('x', 'a');
    second.off();
    second.off();
    go?.();
    expect(told).to.deep.equal(['third a']);
  });

  it('give a listener what was given beside it', () => {
    const world = owner();
    let as: unknown;
    world.on(
      'x',
      function take() {
        ({ as } = this);
      },
      { hi: 1 },
    );
    world.on('x', 1);
    expect(as).to.deep.equal({ hi: 1 });
  });

  it('reach an end behind the last listener, or at once without any', () => {
    const world = owner();
    const ends: unknown[] = [];
    pass(world, 'constructor', 1, (message) => ends.push(message));
    expect(hasListeners(world, 'constructor')).to.equal(false);
    world.on('constructor', function add(message: number) {
      this.to.next(message + 1);
    });
    expect(hasListeners(world, 'constructor')).to.equal(true);
    pass(world, 'constructor', 1, (message) => ends.push(message));
    expect(ends).to.deep.equal([1, 2]);
  });
});
