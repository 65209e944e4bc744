import { expect } from 'chai';
import { GraphError } from '../../../lib/base/errors.ts';
import { Lifecycle } from '../../../lib/base/lifecycle.ts';

/** A lifecycle that notes its steps and holds each of them until the spec lets it go on. */
class Held {
  readonly steps: string[] = [];
  readonly life: Lifecycle = new Lifecycle(
    () => this.#step('open'),
    () => this.#step('close'),
  );
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  #step(name: string): Promise<void> {
    this.steps.push(name);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  finish(): void {
    this.#waiting.shift()!.resolve();
  }

  fail(error: Error): void {
    this.#waiting.shift()!.reject(error);
  }
}

async function failureOf(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => expect.fail('nothing failed'),
    (error: unknown) => error,
  );
}

describe('base.lifecycle', () => {
  it('goes through opening, open, closing and closed', async () => {
    const held = new Held();
    const seen = [held.life.status];
    const opening = held.life.open();
    seen.push(held.life.status);
    held.finish();
    await opening;
    seen.push(held.life.status);
    const closing = held.life.close();
    seen.push(held.life.status);
    held.finish();
    await closing;
    seen.push(held.life.status);
    expect(seen).to.deep.equal(['closed', 'opening', 'open', 'closing', 'closed']);
  });

  it('opens once for any number of calls', async () => {
    const held = new Held();
    const openings = [held.life.open(), held.life.open()];
    held.finish();
    await Promise.all(openings);
    await held.life.open();
    expect(held.steps).to.deep.equal(['open']);
  });

  it('closes once for any number of calls, and a closed one stays closed', async () => {
    const held = new Held();
    const opening = held.life.open();
    held.finish();
    await opening;
    const closings = [held.life.close(), held.life.close()];
    held.finish();
    await Promise.all(closings);
    await held.life.close();
    expect(held.steps).to.deep.equal(['open', 'close']);
    expect(held.life.status).to.equal('closed');
  });

  it('closes what was never opened without doing anything', async () => {
    const held = new Held();
    await held.life.close();
    expect(held.steps).to.deep.equal([]);
  });

  it('waits for an opening under way before it closes', async () => {
    const held = new Held();
    const opening = held.life.open();
    const closing = held.life.close();
    held.finish();
    await opening;
    await Promise.resolve();
    held.finish();
    await closing;
    expect(held.steps).to.deep.equal(['open', 'close']);
    expect(held.life.status).to.equal('closed');
  });

  it('opens again after a closing under way', async () => {
    const held = new Held();
    const opening = held.life.open();
    held.finish();
    await opening;
    const closing = held.life.close();
    const reopenings = [held.life.open(), held.life.open()];
    held.finish();
    await closing;
    await Promise.resolve();
    held.finish();
    await Promise.all(reopenings);
    expect(held.steps).to.deep.equal(['open', 'close', 'open']);
    expect(held.life.status).to.equal('open');
  });

  it('tells every caller why the opening failed, is closed then, and can be tried again', async () => {
    const held = new Held();
    const fault = new Error('locked');
    const openings = [failureOf(held.life.open()), failureOf(held.life.open())];
    const closing = held.life.close();
    held.fail(fault);
    expect(await Promise.all(openings)).to.deep.equal([fault, fault]);
    await closing;
    expect(held.life.status).to.equal('closed');
    const again = held.life.open();
    held.finish();
    await again;
    expect(held.steps).to.deep.equal(['open', 'open']);
  });

  it('tells those who wait why the closing failed, and is closed all the same', async () => {
    const held = new Held();
    const fault = new Error('disk');
    const opening = held.life.open();
    held.finish();
    await opening;
    const closings = [failureOf(held.life.close()), failureOf(held.life.close())];
    held.fail(fault);
    expect(await Promise.all(closings)).to.deep.equal([fault, fault]);
    expect(held.life.status).to.equal('closed');
  });

  it('does not repeat the failure of an earlier closing', async () => {
    const held = new Held();
    const opening = held.life.open();
    held.finish();
    await opening;
    const closing = failureOf(held.life.close());
    const reopening = held.life.open();
    held.fail(new Error('disk'));
    await closing;
    await Promise.resolve();
    held.finish();
    await reopening;
    const second = failureOf(held.life.close());
    held.fail(new Error('disk again'));
    await second;
    await held.life.close();
    expect(held.steps).to.deep.equal(['open', 'close', 'open', 'close']);
  });

  it('refuses work with the code of its owner unless it is open', async () => {
    const held = new Held();
    const isRefused = (): boolean => {
      try {
        held.life.assertOpen('STORAGE_NOT_OPEN');
        return false;
      } catch (error) {
        expect((error as GraphError).code).to.equal('STORAGE_NOT_OPEN');
        return true;
      }
    };
    const seen = [isRefused()];
    const opening = held.life.open();
    seen.push(isRefused());
    held.finish();
    await opening;
    seen.push(isRefused());
    const closing = held.life.close();
    seen.push(isRefused());
    held.finish();
    await closing;
    seen.push(isRefused());
    expect(seen).to.deep.equal([true, true, false, true, true]);
  });

  it('takes steps that are done at once', async () => {
    const steps: string[] = [];
    const life = new Lifecycle(
      () => void steps.push('open'),
      () => void steps.push('close'),
    );
    await life.open();
    await life.close();
    expect(steps).to.deep.equal(['open', 'close']);
  });
});
