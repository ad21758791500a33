import { Failure, type FieldViolation } from '@gatehouse/failure';

/** Collects what is wrong with a document. */
export interface PolicyProblems {
  /** `place` is a path in the document such as `policy.roles[3].parent`, `why` goes on behind it. */
  add(place: string, reason: string, why: string): void;
  /** Throws Failure `invalid` POLICY_INVALID. */
  throwIfAny(): void;
}

/** Most problems in one failure, which has no room for many: they travel in headers. */
const PROBLEMS_TOLD_MAX = 16;

export function policyProblems(): PolicyProblems {
  const told: FieldViolation[] = [];
  let found = 0;
  return {
    add(field, reason, description) {
      found += 1;
      if (told.length < PROBLEMS_TOLD_MAX) told.push({ field, reason, description });
    },
    throwIfAny() {
      const [first] = told;
      if (!first) return;
      const sentence = `The document is not valid: ${first.field}: ${first.description}.`;
      throw new Failure('invalid', 'POLICY_INVALID', sentence, {
        fields: told,
        fieldCount: found,
        metadata: { problems: String(found) },
      });
    },
  };
}

/** A place of a document where something is that the model, as it stands, does not allow. */
export function placed(place: string | undefined, description: string): { readonly fields: readonly FieldViolation[] } {
  return { fields: place === undefined ? [] : [{ field: place, description }] };
}
