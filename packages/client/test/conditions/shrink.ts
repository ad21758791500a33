import { type Expression, textOf } from './random-expression.ts';

const SIMPLE: Readonly<Record<string, readonly string[]>> = {
  bool: ['true', 'false'],
  int: ['0', '1'],
  uint: ['0u', '1u'],
  double: ['0.0', '1.0'],
  string: ['""', '"a"'],
  bytes: ['b""'],
  timestamp: ['timestamp("1970-01-01T00:00:00Z")'],
  duration: ['duration("0s")'],
  map: ['{}'],
  null: ['null'],
};

/** Most expressions that are tried: what is found by then is small enough to be read. */
const TRIES_MAX = 2_000;

/** The smallest expression that is found to be like this one, by taking pieces away and writing simpler ones for them. */
export function shrink(expression: Expression, isLike: (smaller: Expression) => boolean): Expression {
  let smallest = expression;
  let tries = 0;
  let isSmaller = true;
  while (isSmaller) {
    isSmaller = false;
    const { length } = textOf(smallest);
    for (const candidate of smallerOnes(smallest)) {
      if (tries === TRIES_MAX) return smallest;
      if (textOf(candidate).length >= length) continue;
      tries += 1;
      if (!isLike(candidate)) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

function* smallerOnes(expression: Expression): Generator<Expression> {
  const { type, parts } = expression;
  for (const piece of piecesOf(expression)) if (piece.type === type) yield piece;
  for (const text of SIMPLE[type] ?? ['[]']) yield { type, parts: [text] };
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') continue;
    for (const smaller of smallerOnes(part)) yield { type, parts: parts.with(index, smaller) };
  }
}

function* piecesOf({ parts }: Expression): Generator<Expression> {
  for (const part of parts) {
    if (typeof part === 'string') continue;
    yield part;
    yield* piecesOf(part);
  }
}
