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

/** The smallest expression that is found to be like this one, by taking pieces away and writing simpler ones for them. */
export function shrink(expression: Expression, isLike: (smaller: Expression) => boolean): Expression {
  let smallest = expression;
  for (;;) {
    const next = smallerOnes(smallest, smallest.type).find(
      (each) => textOf(each).length < textOf(smallest).length && isLike(each),
    );
    if (!next) return smallest;
    smallest = next;
  }
}

function smallerOnes(expression: Expression, wanted: string): Expression[] {
  const inside = [...piecesOf(expression)].filter(({ type }) => type === wanted);
  const simple = (SIMPLE[wanted] ?? ['[]']).map((text) => ({ type: wanted, parts: [text] }));
  const within = expression.parts.flatMap((part, index) =>
    typeof part === 'string'
      ? []
      : smallerOnes(part, part.type).map((smaller) => ({
          ...expression,
          parts: expression.parts.with(index, smaller),
        })),
  );
  return [...inside, ...simple, ...within];
}

function* piecesOf({ parts }: Expression): Generator<Expression> {
  for (const part of parts) {
    if (typeof part === 'string') continue;
    yield part;
    yield* piecesOf(part);
  }
}
