/** A kind of expression that is valid CEL and refused when it is compiled. */
export interface RefusedKind {
  readonly kind: string;
  /** What the refusal says. */
  readonly message: RegExp;
  /** Tests that are of this kind. */
  readonly count: number;
  /** Where docs/policy.md says so. */
  readonly sentence: string;
}

/** All that is refused of the simple tests, which are about values. */
export const REFUSED: readonly RefusedKind[] = [
  { kind: 'unknown variables', message: /^Unknown variable/, count: 18, sentence: 'unknown variables, functions' },
  { kind: 'unknown functions', message: /^There is no function/, count: 1, sentence: 'unknown variables, functions' },
  { kind: 'regular expressions', message: /^Regular expressions are not/, count: 9, sentence: '`matches`' },
  { kind: 'bindings', message: /^cel\.bind is not available/, count: 4, sentence: '`cel.bind`' },
  {
    kind: 'types apart',
    message: /never equal|takes a bool here/,
    count: 5,
    sentence: 'types that do not go together',
  },
  {
    kind: 'two answers',
    message: /^Both answers of \?:/,
    count: 1,
    sentence: 'answers of `?:` or parts of list sums of two types',
  },
  {
    kind: 'deep nesting',
    message: /deeper than 32 levels/,
    count: 2,
    sentence: '32 levels of brackets, arguments and fields',
  },
  { kind: 'raw bytes', message: /^Expected "\)", got a string/, count: 8, sentence: '`br"…"`' },
  {
    kind: 'backticks',
    message: /^Unexpected character: `/,
    count: 6,
    sentence: 'names with a dot in front or in backticks',
  },
  { kind: 'points in front', message: /^Unexpected token: "\."/, count: 1, sentence: '`.5` without a digit in front' },
];

/** What of the suite is not asked, with the number of tests. */
export const LEFT_OUT: Readonly<Record<string, number>> = {
  'messages: a policy has the values of JSON, and no types of its own': 530,
  'messages: the expression makes one': 61,
  'messages: wrappers of protobuf': 59,
  'messages: extensions of protobuf': 18,
  'extensions: math': 199,
  'extensions: blocks, and macros of two variables': 83,
  'extensions: base64': 4,
  'optional values': 70,
  'extensions: strings.format': 128,
  'containers: names are not looked up in one': 3,
  'variables whose names have dots': 5,
  'types alone: there is nothing to evaluate': 14,
};
