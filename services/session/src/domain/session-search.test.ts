import { uuidv7 } from '@gatehouse/process';
import { describe, expect, it } from 'vitest';
import { idRange, isUnconditional, type SessionSearch, wordsOf } from './session-search.ts';

const NOTHING: SessionSearch = {
  userId: undefined,
  ipNetwork: undefined,
  countryCode: undefined,
  deviceFingerprint: undefined,
  userAgentContains: undefined,
  createdFrom: undefined,
  createdBefore: undefined,
  inactiveSince: undefined,
};

describe('a search', () => {
  it('has conditions as soon as one is set', () => {
    expect(isUnconditional(NOTHING)).toBe(true);
    expect(isUnconditional({ ...NOTHING, inactiveSince: new Date() })).toBe(false);
  });

  it('is told from any other by its words', () => {
    const one = wordsOf({ ...NOTHING, countryCode: 'DE' });
    expect(one).toEqual(wordsOf({ ...NOTHING, countryCode: 'DE' }));
    expect(one).not.toEqual(wordsOf({ ...NOTHING, deviceFingerprint: 'DE' }));
    expect(one).not.toEqual(wordsOf({ ...NOTHING, countryCode: 'DE', createdFrom: new Date() }));
  });

  it('looks at every id, unless the time of creation is among its conditions', () => {
    expect(idRange(NOTHING)).toEqual({
      from: '00000000-0000-0000-0000-000000000000',
      upTo: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    });
  });

  it('looks at the ids that were made at about the times that it asks for, and at no others', () => {
    const now = Date.now();
    const hours = (count: number) => new Date(now + count * 3_600_000);
    const isIn = (search: Partial<SessionSearch>) => {
      const { from, upTo } = idRange({ ...NOTHING, ...search });
      const id = uuidv7();
      return from <= id && id <= upTo;
    };
    expect(isIn({ createdFrom: hours(-2), createdBefore: hours(2) })).toBe(true);
    expect(isIn({ createdFrom: hours(0) })).toBe(true);
    expect(isIn({ createdBefore: hours(0) })).toBe(true);
    expect(isIn({ createdFrom: hours(2) })).toBe(false);
    expect(isIn({ createdBefore: hours(-2) })).toBe(false);
  });

  it.each([new Date('0001-01-01T00:00:00Z'), new Date('9999-12-31T23:59:59Z')])('takes a time as odd as %s', (time) => {
    const { from, upTo } = idRange({ ...NOTHING, createdFrom: time, createdBefore: time });
    for (const id of [from, upTo]) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });
});
