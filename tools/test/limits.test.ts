import { describe, expect, it } from 'vitest';
import { checkLimits } from '../src/limits.ts';
import { toLine } from '../src/problem.ts';
import { PLANTED, plantFields } from './planted-fields.ts';
import { plantTree, REPOSITORY } from './planted-tree.ts';

/** Checks a request with the given fields, and what else the file declares. */
const problemsOf = async (fields: string, rest = '') =>
  (await checkLimits(await plantFields(fields, rest))).map(toLine);

const rules = (text: string) => `[(gatehouse.options.v1.rules) = {${text}}]`;

describe('checkLimits', () => {
  it('finds nothing in this repository', async () => {
    expect((await checkLimits(REPOSITORY)).map(toLine)).toEqual([]);
  });

  it('says how to make the descriptor image when there is none', async () => {
    await expect(checkLimits(await plantTree({}))).rejects.toThrow('npm run generate makes it');
  });

  it('finds nothing in a request whose fields are all bounded', async () => {
    const fields = `
      string a = 1 ${rules('max_len: 8')};
      string b = 2 ${rules('uuid: true')};
      string c = 3 ${rules('email: true')};
      string d = 4 ${rules('ip: true')};
      string e = 5 ${rules('pattern: "[A-Z]{2}"')};
      string f = 6 ${rules('pattern: "[a-z]+", max_len: 8')};
      bytes g = 7 ${rules('max_bytes: 8')};
      repeated string h = 8 ${rules('max_items: 2, max_len: 8')};
      repeated int32 i = 9 ${rules('max_items: 2')};
      map<string, string> j = 10 ${rules('max_items: 2, max_key_len: 8, max_value_len: 8')};
      map<int32, Inner> k = 11 ${rules('max_items: 2')};
      google.protobuf.Timestamp l = 12;
      int64 m = 13;
      bool n = 14;
      Inner o = 15;
      optional string p = 16 ${rules('max_len: 8')};
      google.protobuf.Struct q = 17 ${rules('max_items: 1, max_depth: 1, max_key_len: 1, max_value_len: 1')};
      string r = 18 ${rules('credential: true')};
      repeated string s = 19 ${rules('credential: true, max_items: 2')};
      oneof t { string u = 20 ${rules('credential: true, required: true')}; }`;
    expect(
      await problemsOf(fields, `message Inner { string a = 1 ${rules('max_len: 8')}; PlantRequest again = 2; }`),
    ).toEqual([]);
  });

  it.each([
    ['string a = 1;', 'is a string without a bound'],
    [`string a = 1 ${rules('required: true, min_len: 1')};`, 'is a string without a bound'],
    [`string a = 1 ${rules('pattern: "[a-z]+"')};`, 'is a string without a bound'],
    ['optional string a = 1;', 'is a string without a bound'],
    ['oneof which { string a = 1; }', 'is a string without a bound'],
    ['bytes a = 1;', 'is bytes without max_bytes'],
    [`bytes a = 1 ${rules('max_len: 8')};`, 'is bytes without max_bytes'],
    [`repeated string a = 1 ${rules('max_len: 8')};`, 'is a list without max_items'],
    [`repeated string a = 1 ${rules('max_items: 8')};`, 'is a string without a bound'],
    ['repeated int32 a = 1;', 'is a list without max_items'],
    ['repeated PlantRequest a = 1;', 'is a list without max_items'],
    [`map<string, string> a = 1 ${rules('max_key_len: 1, max_value_len: 1')};`, 'is a map without max_items'],
    [`map<string, string> a = 1 ${rules('max_items: 1, max_value_len: 1')};`, 'has string keys without max_key_len'],
    [`map<string, string> a = 1 ${rules('max_items: 1, max_key_len: 1')};`, 'has string values without max_value_len'],
    [`map<int32, bytes> a = 1 ${rules('max_items: 1, max_bytes: 1')};`, 'has bytes as values, which no rule bounds'],
    ['google.protobuf.Value a = 1;', 'is a google.protobuf.Value, whose fields no rule bounds'],
    ['google.protobuf.Struct a = 1;', 'is a google.protobuf.Struct without all of max_items, max_depth'],
    [
      `google.protobuf.Struct a = 1 ${rules('max_items: 1, max_depth: 1, max_key_len: 1')};`,
      'is a google.protobuf.Struct without all of max_items, max_depth',
    ],
    [`string a = 1 ${rules('credential: true, max_len: 8')};`, 'is a credential with a rule that would hold'],
    [`string a = 1 ${rules('credential: true, pattern: "a"')};`, 'is a credential with a rule that would hold'],
    [`string a = 1 ${rules('credential: true, required: true')};`, 'is a credential with a rule that would hold'],
    [`repeated string a = 1 ${rules('credential: true')};`, 'is a list without max_items'],
    [`bytes a = 1 ${rules('credential: true, max_bytes: 8')};`, 'is a credential and no string'],
    [`string a = 1 ${rules('max_len: 8, pattern: "("')};`, 'has a bad pattern: Invalid regular expression'],
  ])('refuses %s', async (field, message) => {
    expect(await problemsOf(field)).toEqual([
      expect.stringContaining(`${PLANTED}:9: gatehouse.planted.v1.PlantRequest.a ${message}`),
    ]);
  });

  it('follows messages inside the request', async () => {
    const rest =
      'message Inner { Deep deep = 1; }\nmessage Deep {\n  string a = 1;\n}\nmessage Unused { string a = 1; }';
    for (const field of ['Inner inner = 1;', `map<int32, Inner> inner = 1 ${rules('max_items: 1')};`]) {
      expect(await problemsOf(field, rest)).toEqual([
        expect.stringContaining(`${PLANTED}:13: gatehouse.planted.v1.Deep.a is a string without a bound`),
      ]);
    }
  });
});
