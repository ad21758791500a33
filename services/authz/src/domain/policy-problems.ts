import { Failure, type FieldViolation } from '@gatehouse/failure';

/** Collects what is wrong with a document. */
export interface PolicyProblems {
  /** `place` is a path in the document such as `policy.roles[3].parent`, `why` goes on behind it. */
  add(place: string, reason: string, why: string): void;
  /** Throws Failure `invalid` POLICY_INVALID. */
  throwIfAny(): void;
}

/** Most problems, and most characters of them, in one failure: they travel in headers, which peers limit to a few KiB. */
const PROBLEMS_TOLD_MAX = 16;
const CHARACTERS_TOLD_MAX = 3_000;

export function policyProblems(): PolicyProblems {
  const told: FieldViolation[] = [];
  let found = 0;
  let characters = 0;
  return {
    add(field, reason, description) {
      found += 1;
      characters += field.length + reason.length + description.length;
      if (told.length >= PROBLEMS_TOLD_MAX || (told.length > 0 && characters > CHARACTERS_TOLD_MAX)) return;
      told.push({ field, reason, description });
    },
    throwIfAny() {
      const [first] = told;
      if (!first) return;
      const sentence = `The document is not valid: ${first.field}: ${first.description}.`;
      throw new Failure('invalid', 'POLICY_INVALID', sentence, {
        fields: told,
        metadata: { problems: String(found) },
      });
    },
  };
}

/** A place of a document where something is that the model, as it stands, does not allow. */
export function placed(place: string | undefined, description: string): { readonly fields: readonly FieldViolation[] } {
  return { fields: place === undefined ? [] : [{ field: place, description }] };
}
