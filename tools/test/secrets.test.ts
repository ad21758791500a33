import { describe, expect, it } from 'vitest';
import { toLine } from '../src/problem.ts';
import { checkSecrets } from '../src/secrets.ts';
import { plantFields } from './planted-fields.ts';
import { REPOSITORY } from './planted-tree.ts';

const problemsOf = async (fields: string) => (await checkSecrets(await plantFields(fields))).map(toLine);

describe('checkSecrets', () => {
  it('finds nothing in this repository', async () => {
    expect((await checkSecrets(REPOSITORY)).map(toLine)).toEqual([]);
  });

  it.each([
    'string password = 1;',
    'string new_password = 1;',
    'bytes client_secret = 1;',
    'repeated string recovery_codes = 1;',
    'string api_key = 1;',
    'oneof factor { string otp = 1; }',
    'string anything = 1 [(gatehouse.options.v1.rules) = {credential: true}];',
    'string token = 1 [debug_redact = false];',
  ])('refuses %s', async (field) => {
    expect(await problemsOf(field)).toEqual([
      expect.stringContaining('sounds like a secret: mark it with debug_redact'),
    ]);
  });

  it('takes what is marked, what is known to be none, and what is no text', async () => {
    expect(
      await problemsOf(`
        string password = 1 [debug_redact = true];
        string page_token = 2;
        bool with_refresh_token = 3;
        google.protobuf.Timestamp code_expires_at = 4;
        string tokenizer = 5;
        string passwordless = 6;`),
    ).toEqual([]);
  });
});
