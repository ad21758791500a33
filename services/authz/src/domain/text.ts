import { Failure } from '@gatehouse/failure';

/** Postgres keeps any character but this one. */
const UNSTORABLE = '\0';

/** Throws Failure `invalid` FIELD_INVALID that names the fields whose text holds a NUL character. */
export function assertStorable(texts: Readonly<Record<string, string>>): void {
  const wrong = Object.keys(texts).filter((field) => texts[field]?.includes(UNSTORABLE));
  if (wrong.length === 0) return;
  const summary = wrong.map((field) => `${field} must not hold a NUL character`).join('; ');
  throw new Failure('invalid', 'FIELD_INVALID', `The request is not valid: ${summary}.`, {
    fields: wrong.map((field) => ({ field, description: 'must not hold a NUL character', reason: 'NUL' })),
  });
}
