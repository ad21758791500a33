import { describe, expect, it } from 'vitest';
import { matchesVerifier, scramVerifier } from './scram.ts';

describe('scramVerifier', () => {
  it('matches its own password and no other', () => {
    const verifier = scramVerifier('correct horse'.replace(' ', '-'));
    expect(matchesVerifier('correct-horse', verifier)).toBe(true);
    expect(matchesVerifier('correct-horsf', verifier)).toBe(false);
  });

  it('matches the example of RFC 7677', () => {
    const verifier =
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';
    expect(matchesVerifier('pencil', verifier)).toBe(true);
  });

  it('does not show the password, and is another each time', () => {
    expect(scramVerifier('pencil')).not.toContain('pencil');
    expect(scramVerifier('pencil')).not.toBe(scramVerifier('pencil'));
  });

  it.each(['', 'with space', 'pässword', 'x'.repeat(257)])('refuses %j', (password) => {
    expect(() => scramVerifier(password)).toThrow(expect.objectContaining({ reason: 'PASSWORD_NOT_ASCII' }));
  });

  it.each(['', 'md5abc', 'SCRAM-SHA-256$x'])('%j matches nothing', (verifier) => {
    expect(matchesVerifier('pencil', verifier)).toBe(false);
  });
});
