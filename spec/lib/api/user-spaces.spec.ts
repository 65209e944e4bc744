import { expect } from 'chai';
import { createGraph } from '../../../lib/api/graph.ts';
import { NO_USER_SPACES, type UserSpaces } from '../../../lib/api/user-spaces.ts';
import { failure, success } from '../../../lib/base/result.ts';
import { valueOf, writeOf } from '../../../lib/graph/write.ts';

describe('user spaces', () => {
  it('take everything as it is when a graph has none', () => {
    const write = writeOf('~somebody', 'k', 1, 'unsigned');
    expect(NO_USER_SPACES.check([write], 1, () => undefined)).to.deep.equal({ ok: true, value: [write] });
    expect(NO_USER_SPACES.plain('s', 'k', write)).to.equal('unsigned');
  });

  it('decide what a graph keeps, and what it shows', async () => {
    const users: UserSpaces = {
      check: (writes) =>
        writes.some(({ key }) => key === 'bad')
          ? failure('bad')
          : success(writes.filter(({ key }) => key !== 'old')),
      plain: (_soul, _key, entry) => `shown ${JSON.stringify(valueOf(entry))}`,
    };
    const graph = createGraph({ users });
    await graph.get('s').put({ good: 'x', old: 'y' });
    expect((await graph.get('s').once()).value).to.deep.equal({ good: 'shown "x"' });
    const error = await graph
      .get('s')
      .put({ bad: 1 })
      .catch((reason: unknown) => reason);
    expect((error as Error).message).to.equal('what was written is refused: bad');
    await graph.close();
  });
});
