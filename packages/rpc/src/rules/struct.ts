import type { Rules, ValueCheck } from './scalars.ts';
import { stringChecks } from './scalars.ts';

/** The checks of a google.protobuf.Struct, which ts-proto gives as a plain object. The first thing wrong is named. */
export function structChecks({ maxItems = 0, maxDepth = 0, maxKeyLen = 0, maxValueLen = 0 }: Rules): ValueCheck {
  const keyCheck = stringChecks({ maxLen: maxKeyLen });
  const textCheck = stringChecks({ maxLen: maxValueLen });
  return (value, field, violations) => {
    const before = violations.count;
    let values = 0;
    const visit = (holder: object, depth: number): void => {
      const isList = Array.isArray(holder);
      for (const [key, each] of Object.entries(holder)) {
        values += 1;
        if (values > maxItems) {
          violations.push({ field, description: `must hold at most ${maxItems} values`, reason: 'MAX_ITEMS' });
        } else if (depth > maxDepth) {
          violations.push({ field, description: `must not be nested more than ${maxDepth} deep`, reason: 'MAX_DEPTH' });
        } else {
          if (!isList) keyCheck(key, field, violations);
          if (typeof each === 'string') textCheck(each, field, violations);
          if (typeof each === 'object' && each !== null) visit(each, depth + 1);
        }
        if (violations.count > before) return;
      }
    };
    visit(value as object, 1);
    if (violations.count > before) violations.takeBack(before + 1);
  };
}
