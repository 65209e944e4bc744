import { expect } from 'chai';
import { relayError } from '../../lib/base/errors.ts';
import type { MeshEvent } from '../../lib/mesh/context.ts';
import { createLogger, guardEventLevel, meshEventLevel } from '../../relay/logger.ts';
import type { LogLevel } from '../../relay/option-table.ts';
import type { GuardEvent } from '../../relay/store-guard.ts';

function linesAt(level: LogLevel): { lines: string[]; logger: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  return { lines, logger: createLogger(level, { write: (line) => lines.push(line) }) };
}

describe('relay logger', () => {
  it('writes one JSON line per event with level, time and kind', () => {
    const { lines, logger } = linesAt('info');
    logger.log('info', { kind: 'listening', port: 8765 });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^\{[^\n]*\}\n$/);
    const event = JSON.parse(lines[0]!) as Record<string, unknown>;
    expect(event).to.include({ level: 'info', kind: 'listening', port: 8765 });
    expect(Date.parse(event['time'] as string)).to.be.a('number').and.not.NaN;
  });

  it('leaves out what is below its level', () => {
    const counts: [LogLevel, number][] = [
      ['debug', 4],
      ['info', 3],
      ['warn', 2],
      ['error', 1],
      ['silent', 0],
    ];
    for (const [level, count] of counts) {
      const { lines, logger } = linesAt(level);
      for (const each of ['debug', 'info', 'warn', 'error'] as const) logger.log(each, { kind: 'any' });
      expect(lines.length, level).to.equal(count);
    }
  });

  it('writes errors with message and stack', () => {
    const { lines, logger } = linesAt('info');
    logger.log('error', { kind: 'commit-failed', error: new Error('disk full') });
    const { error } = JSON.parse(lines[0]!) as { error: Record<string, string> };
    expect(error['message']).to.equal('disk full');
    expect(error['stack']).to.contain('logger.spec');
  });

  it('shows causes and codes, but no other field of an error, nor all of a long message', () => {
    const { lines, logger } = linesAt('info');
    const cause = Object.assign(new TypeError('x'.repeat(1000)), { input: 'a secret' });
    logger.log('error', {
      kind: 'any',
      error: Object.assign(new Error('outer', { cause }), { code: 'EIO' }),
    });
    logger.log('error', { kind: 'any', error: 'y'.repeat(1000) });
    expect(lines.join(''))
      .to.not.contain('secret')
      .and.to.not.match(/x{301}|y{301}/);
    const { error } = JSON.parse(lines[0]!) as { error: { cause: Record<string, string> } };
    expect(error).to.include({ type: 'Error', message: 'outer', code: 'EIO' });
    expect(error.cause).to.include({ type: 'TypeError', message: 'x'.repeat(300) });
  });

  it('survives an error that causes itself', () => {
    const { lines, logger } = linesAt('info');
    const error = new Error('round');
    error.cause = error;
    logger.log('error', { kind: 'any', error });
    expect(lines).to.have.length(1);
  });

  it('keeps what strangers can cause at will out of the usual log', () => {
    const refused: MeshEvent = { kind: 'refused', peer: 'p1', what: 'put', reason: 'any' };
    expect(meshEventLevel(refused)).to.equal('debug');
    expect(meshEventLevel({ kind: 'peer-open', peer: 'p1', link: 'any' })).to.equal('debug');
    expect(meshEventLevel({ kind: 'commit-failed', requests: 1, error: undefined })).to.equal('error');
  });

  it('tells that the store is damaged as an error, and the puts it refuses for debugging only', () => {
    const damage: GuardEvent = { kind: 'store-damaged', data: 'data', reason: 'any', todo: 'any' };
    expect(guardEventLevel(damage)).to.equal('error');
    expect(guardEventLevel({ kind: 'store-behind', lostCommits: 1 })).to.equal('warn');
    const error = relayError('STORAGE_DAMAGED');
    expect(meshEventLevel({ kind: 'commit-failed', requests: 1, error })).to.equal('debug');
  });
});
