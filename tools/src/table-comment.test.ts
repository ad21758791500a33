import { describe, expect, it } from 'vitest';
import { parseTableComment } from './table-comment.ts';

describe('parseTableComment', () => {
  it.each([
    [
      'distributed by user_id; rows live for ever',
      { kind: 'distributed', column: 'user_id' },
      { kind: 'live', term: 'for ever' },
    ],
    ['reference; rows live until deleted; few of them', { kind: 'reference' }, { kind: 'live', term: 'until deleted' }],
    [
      'local; rows leave by outbox-relay after delivery',
      { kind: 'local' },
      { kind: 'leave', job: 'outbox-relay', after: 'delivery' },
    ],
  ])('reads %s', (comment, distribution, retention) => {
    expect(parseTableComment(comment)).toEqual({ distribution, retention });
  });

  it.each(['', 'distributed', 'distributed by', 'distributed by User', 'distributed by a, b', 'References', 'locally'])(
    'finds no distribution in "%s"',
    (text) => {
      expect(parseTableComment(`${text}; rows live for ever`).distribution).toBeUndefined();
    },
  );

  it.each([
    '',
    'rows live',
    'rows leave',
    'rows leave by sweep',
    'rows leave by sweep after',
    'rows leave by Sweep after 1 day',
    'live',
  ])('finds no retention in "%s"', (text) => {
    expect(parseTableComment(`local; ${text}`).retention).toBeUndefined();
  });
});
