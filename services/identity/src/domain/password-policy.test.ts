import { describe, expect, it } from 'vitest';
import { brokenRules, checkPassword, type PasswordRule } from './password-policy.ts';

const owner = { email: 'ada.byron@example.com', username: 'Countess' };

describe('brokenRules', () => {
  it.each([
    'correct umbrella 47 staple',
    'tunnel-vetch-oboe-31',
    'Xk7#pQ2!vLm9',
    'ein Fluss ohne Brücke',
    '鯨が空を飛ぶ夢を見た朝のこと',
    'many words with 1 number',
    'ocean-2pm-ladder-kite',
    '鯨が空test夢を見た朝',
  ])('finds nothing wrong with %j', (password) => {
    expect(brokenRules(password, owner)).toEqual([]);
  });

  it.each<[string, PasswordRule[]]>([
    ['short7Kite!', ['TOO_SHORT']],
    ['Ünïcödé7kr!', ['TOO_SHORT']],
    ['password', ['TOO_SHORT', 'COMMON']],
    ['Password1234', ['COMMON']],
    ['P@ssw0rd2024!', ['COMMON']],
    ['p.a.s.s.w.o.r.d', ['COMMON']],
    ['1q2w3e4r5t6y', ['COMMON']],
    ['CorrectHorseBatteryStaple', ['COMMON']],
    ['!!Sunshine2024!!', ['COMMON']],
    ['l3tm31n-2024-07', ['COMMON']],
    ['i love you 12345', ['COMMON']],
    ['my ADA.Byron likes 7 ponds', ['CONTAINS_EMAIL']],
    ['the countESS of 7 ponds', ['CONTAINS_USERNAME']],
    ['aaaaaaaaaaaa', ['REPEATED']],
    ['xQ7xQ7xQ7xQ7x', ['REPEATED']],
    ['1221211221212', ['REPEATED']],
    ['abcdefghijkl', ['SEQUENCE']],
    ['ZYXWVUTSRQPO', ['SEQUENCE']],
    ['123456789012', ['SEQUENCE']],
    ['qwertyuiopas', ['SEQUENCE']],
    ['poiuytrewq789', ['SEQUENCE']],
    ['1qaz2wsx4rfv', ['SEQUENCE']],
    ['azertyuiop!!', ['SEQUENCE']],
    ['abc123xyz789', ['SEQUENCE']],
    ['my GateHouse 4 ever', ['CONTAINS_SERVICE_NAME']],
  ])('names what is wrong with %j', (password, rules) => {
    expect(brokenRules(password, owner)).toEqual(rules);
  });

  it('names every rule that one password breaks', () => {
    const weak = { email: 'qwertyuiop@example.com', username: 'qwerty' };
    expect(brokenRules('qwertyuiop', weak)).toEqual([
      'TOO_SHORT',
      'COMMON',
      'CONTAINS_EMAIL',
      'CONTAINS_USERNAME',
      'SEQUENCE',
    ]);
  });

  it('counts characters, not UTF-16 units', () => {
    expect(brokenRules('🐳🐙🦀🐠🐟🐡', owner)).toEqual(['TOO_SHORT']);
    expect(brokenRules('🐳🐙🦀🐠🐟🐡🦑🦐🦞🐚🐬🦈', owner)).toEqual([]);
  });

  it('lets a short local part stand in a password', () => {
    expect(brokenRules('many men row by 3', { email: 'men@example.com', username: undefined })).toEqual([]);
  });

  it('takes a common word inside a longer password for what it is', () => {
    expect(brokenRules('dragon fruit 4 breakfast', owner)).toEqual([]);
    expect(brokenRules('dragon 48217736450918', owner)).toEqual([]);
  });

  it('judges the longest password at once', () => {
    const before = process.cpuUsage();
    brokenRules('abcdefgh1'.repeat(85), owner);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(100);
  });
});

describe('checkPassword', () => {
  it('says which rules were broken, for people and for programs, and not what was typed', () => {
    const refused = () => checkPassword('Hunter2', { email: 'hunter2@example.com', username: undefined });
    expect(refused).toThrowError(
      expect.objectContaining({
        kind: 'invalid',
        reason: 'PASSWORD_TOO_WEAK',
        message: expect.not.stringMatching(/hunter2/i),
        metadata: { rules: 'TOO_SHORT,COMMON,CONTAINS_EMAIL' },
        fields: [
          { field: 'password', reason: 'TOO_SHORT', description: 'must have at least 12 characters' },
          { field: 'password', reason: 'COMMON', description: expect.any(String) },
          { field: 'password', reason: 'CONTAINS_EMAIL', description: expect.any(String) },
        ],
      }),
    );
  });
});
