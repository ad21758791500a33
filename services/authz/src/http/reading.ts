import type { FieldViolation } from '@gatehouse/failure';
import { fieldsInvalid } from '@gatehouse/rpc';

/** An object of JSON. */
export type Members = Readonly<Record<string, unknown>>;

/** Reads members of a request, and gathers all that is wrong with them. Paths are those of the request: `subject.id`. */
export interface Reading {
  /** The object at the path, which must be there. */
  object(holder: Members, path: string): Members;
  /** The object at the path; undefined where there is none. A null counts as none. */
  optionalObject(holder: Members, path: string): Members | undefined;
  /** The text at the path, which must be there and not be empty. */
  text(holder: Members, path: string): string;
  /** The request breaks a rule. */
  refuse(path: string, description: string): void;
  /** The request is well formed, and names what can't exist here. */
  doubt(path: string, description: string): void;
  /** Throws Failure `invalid` FIELD_INVALID, which names every field that is wrong. Returns the first doubt, or undefined. */
  assertWellFormed(): FieldViolation | undefined;
}

const NOTHING: Members = {};

export function openReading(): Reading {
  const refused: FieldViolation[] = [];
  const doubted: FieldViolation[] = [];
  const refuse = (field: string, description: string) => void refused.push({ field, description });
  const optionalObject = (holder: Members, path: string) => {
    const value = memberAt(holder, path);
    if (value === undefined || isObject(value)) return value;
    refuse(path, 'must be an object');
    return NOTHING;
  };
  return {
    optionalObject,
    object(holder, path) {
      const value = optionalObject(holder, path);
      if (value === undefined) refuse(path, 'is required');
      return value ?? NOTHING;
    },
    text(holder, path) {
      const value = memberAt(holder, path);
      if (typeof value === 'string' && value !== '') return value;
      // What an object lacks that is itself no object was said already.
      if (holder !== NOTHING) refuse(path, value === undefined || value === '' ? 'is required' : 'must be a string');
      return '';
    },
    refuse,
    doubt: (field, description) => void doubted.push({ field, description }),
    assertWellFormed() {
      if (refused.length > 0) throw fieldsInvalid(refused);
      return doubted[0];
    },
  };
}

/** The value of the member that the path ends in; undefined where there is none. */
export function memberAt(holder: Members, path: string): unknown {
  return holder[path.slice(path.lastIndexOf('.') + 1)] ?? undefined;
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
