import { isFailure } from '@gatehouse/failure';
import { describe, expect, it } from 'vitest';
import { type EventFilter, FIRST_TIME, LAST_TIME } from './event-filter.ts';
import { formatPageToken, parsePageToken } from './page-token.ts';

const ALL: EventFilter = { userId: undefined, requestId: undefined, types: [], from: FIRST_TIME, before: LAST_TIME };
const POSITION = { occurredAt: new Date(0x0190a0b0c0d0), id: '0190a0b0-c0d0-7123-8abc-0123456789ab' };

describe('a page token', () => {
  it('says where the page before it ended', () => {
    expect(parsePageToken(formatPageToken(POSITION, ALL), ALL)).toEqual(POSITION);
  });

  it('can stand in a URL', () => {
    expect(formatPageToken(POSITION, ALL)).toMatch(/^[A-Za-z0-9_-]{52}$/);
  });

  it('is no token any more when any one of its characters is changed, to a form that decodes or not', () => {
    const token = formatPageToken(POSITION, ALL);
    for (let at = 0; at < token.length; at += 1) {
      for (const other of ['A', 'B', '_', '=', ' ', '+', '\0', 'é']) {
        if (token[at] === other) continue;
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        const read = attempt(() => parsePageToken(changed, ALL));
        // What it says about the event's own digits below the time can't be checked, and need not be.
        const claims = read && { ...read, id: read.id.slice(0, 13) };
        expect(claims === undefined || claims.id === POSITION.id.slice(0, 13)).toBe(true);
      }
    }
  });

  it.each<[string, Partial<EventFilter>]>([
    ['another user', { userId: 'u' }],
    ['another request', { requestId: 'u' }],
    ['another type', { types: ['a.b'] }],
    ['another beginning', { from: new Date(1) }],
    ['another end', { before: new Date(LAST_TIME.getTime() - 1) }],
  ])('is refused for %s', (_, change) => {
    const token = formatPageToken(POSITION, ALL);
    expect(() => parsePageToken(token, { ...ALL, ...change })).toThrow('other filters');
  });

  it('tells filters apart that would read the same when joined', () => {
    const token = formatPageToken(POSITION, { ...ALL, types: ['a.b', 'c.d'] });
    expect(() => parsePageToken(token, { ...ALL, types: ['a.b,c.d'] })).toThrow('other filters');
  });

  it('is refused when it points outside of the times that are asked for', () => {
    const filter = { ...ALL, from: new Date(POSITION.occurredAt.getTime() + 1) };
    expect(() => parsePageToken(formatPageToken(POSITION, filter), filter)).toThrow('not made by this service');
  });
});

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isFailure(error, 'PAGE_TOKEN_INVALID')) return undefined;
    throw error;
  }
}
