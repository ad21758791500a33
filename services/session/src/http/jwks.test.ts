import { describe, expect, it } from 'vitest';
import { jwksResponse } from './jwks.ts';

const json = '{"keys":[]}';
const respond = (ifNoneMatch?: string, text = json) => jwksResponse({ json: text, maxAgeSeconds: 300, ifNoneMatch });
const header = ({ headers }: ReturnType<typeof jwksResponse>, name: string) =>
  headers.find(([each]) => each === name)?.[1];
const tag = header(respond(), 'etag') ?? '';

describe('the key set over HTTP', () => {
  it('is JSON of its own type, which may be kept for as long as a new key waits', () => {
    expect(respond()).toEqual({
      status: 200,
      headers: [
        ['content-type', 'application/jwk-set+json'],
        ['cache-control', 'public, max-age=300'],
        ['etag', expect.stringMatching(/^"[A-Za-z0-9_-]{43}"$/)],
      ],
      body: json,
    });
  });

  it('has another tag when it has changed', () => {
    expect(header(respond(undefined, '{"keys":[1]}'), 'etag')).not.toBe(tag);
    expect(header(respond(), 'etag')).toBe(tag);
  });

  it.each([tag, `W/${tag}`, `"other", ${tag}`, `"other",W/${tag} ,"more"`, '*'])(
    'is not sent again to who has it: %s',
    (known) => {
      expect(respond(known)).toEqual({
        status: 304,
        headers: [
          ['cache-control', 'public, max-age=300'],
          ['etag', tag],
        ],
        body: '',
      });
    },
  );

  it.each([undefined, '', '"other"', tag.slice(1, -1), `${tag}x`])('is sent to who has something else: %s', (known) => {
    expect(respond(known)).toMatchObject({ status: 200, body: json });
  });
});
