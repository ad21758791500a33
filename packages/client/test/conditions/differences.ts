/** What the two gave: `true`, `false`, `undetermined`, and here also `refused`. */
export interface Answers {
  readonly here: string;
  readonly whyHere: string;
  readonly there: string;
  readonly whyThere: string;
}

/** A kind of difference between conditions and @bufbuild/cel, told by the smallest expression that shows it. */
export interface Difference {
  readonly what: string;
  readonly right: 'here' | 'either';
  readonly why: string;
  isOne(smallest: string, answers: Answers, attributes: string): boolean;
}

/** Whether times in the zone of this process are UTC: there they are made Dates of it. */
const isUtc = new Date(2026, 0, 1).getTimezoneOffset() === 0 && new Date(2026, 6, 1).getTimezoneOffset() === 0;
const GETTERS = /\.get(FullYear|Month|Date|DayOfMonth|DayOfWeek|DayOfYear|Hours|Minutes|Seconds|Milliseconds)\(/;
const BEYOND_SIXTEEN_BITS = /[\u{10000}-\u{10ffff}]|\\xf0/u;

/** Where a condition gives something else. */
export const DIFFERENCES: readonly Difference[] = [
  {
    what: 'a key with the value null is there',
    right: 'here',
    why: 'cel-spec, has and in: a map has the key or has it not. There a value of null counts as none.',
    isOne: (source, { here, there }, attributes) =>
      here !== there &&
      /has\(| in /.test(source) &&
      /null|context\.(nothing|a|b)|in context\b/.test(source + attributes),
  },
  {
    what: 'texts that are no numbers',
    right: 'here',
    why: 'cel-spec, conversions: int(""), int("0x10"), uint("+1"), double("") and double("a") are errors. There they are what JavaScript makes of them.',
    isOne: (_source, { whyHere }) => /^Not a (whole )?number/.test(whyHere),
  },
  {
    what: 'nothing replaced in an empty text',
    right: 'here',
    why: 'The strings extension, replace: an empty text is found at each end of a text, and both are one in an empty text, so that it is replaced once. There it is not.',
    isOne: (source) => source.includes('.replace('),
  },
  {
    what: 'searches from the end of a text',
    right: 'here',
    why: 'The strings extension, indexOf and lastIndexOf: an offset may be the length of the text. There it may not.',
    isOne: (_source, { whyThere }) => /index (\d+) out of bounds \[0, \1\)/.test(whyThere),
  },
  {
    what: 'parts of a second in the text of a duration',
    right: 'either',
    why: 'cel-spec leaves open how they are written. Here as cel-go does, "-0.5s"; there with three, six or nine digits.',
    isOne: (source) => /string\((?:duration|context\.[a-z]+ *[-+]|.*duration)/.test(source),
  },
  {
    what: 'a key of a type that no map has',
    right: 'either',
    why: 'Of null, bytes or a list in a map cel-spec says nothing. Here it is not in it, as in cel-go; there it is an error.',
    isOne: (_source, { here, whyThere }) => here !== 'undetermined' && whyThere.includes("overload for '@in'"),
  },
  {
    what: 'maps that name a key twice, or a double as a key',
    right: 'here',
    why: 'cel-spec, map creation: keys are int, uint, bool or string, and a repeated one is an error. There the later one counts.',
    isOne: (_source, { whyHere }) => /^(A key stands in the map twice|The key of a map is)/.test(whyHere),
  },
  {
    what: 'numbers as times',
    right: 'here',
    why: 'cel-spec, timestamp(int): seconds, and an error beyond the years 1 to 9999. There they are milliseconds without limits.',
    isOne: (source) => /timestamp\((?!")/.test(source),
  },
  {
    what: 'letters beyond 16 bits',
    right: 'here',
    why: 'cel-spec, strings: order and offsets are by code point. There they are by half of one.',
    isOne: (source, _answers, attributes) =>
      BEYOND_SIXTEEN_BITS.test(source + attributes) && /ndexOf|substring|charAt|[<>]/.test(source),
  },
  {
    what: 'durations of more than 292 years',
    right: 'either',
    why: 'cel-spec has the range of google.protobuf.Duration, its tests of the time between two times that of 64 bits. There all are held to the latter.',
    isOne: (source, { here, whyThere }) =>
      here !== 'undetermined' && whyThere === 'duration out of range' && /2540400h|duration\(/.test(source),
  },
  {
    what: 'a text without a span of time in it as a duration',
    right: 'here',
    why: 'cel-spec, duration(string): a sequence of numbers with units. There "" is none.',
    isOne: (_source, { here, whyHere }) =>
      here === 'undetermined' && /^Not a duration such as "1h30m": \.$/.test(whyHere),
  },
  {
    what: 'a bool as the index of a list',
    right: 'here',
    why: 'cel-spec, list access: the index is a number. There true is one.',
    isOne: (_source, { here, whyHere }) => here === 'undetermined' && /^list \[\] bool does/.test(whyHere),
  },
  {
    what: 'T and F as bools',
    right: 'either',
    why: 'cel-spec names "t" and "f" among others; cel-go, and so we, take the large letters as well.',
    isOne: (source, { here, whyThere }) =>
      here !== 'undetermined' && /Unable to convert string '[TF]' to bool/.test(whyThere) && /bool\(/.test(source),
  },
  {
    what: 'division of large uints',
    right: 'here',
    why: 'cel-spec, uint64 arithmetic: the whole range. There the result is held against that of an int.',
    isOne: (_source, { whyThere }) => whyThere.includes('int overflow during divide'),
  },
  {
    what: 'doubles as text',
    right: 'here',
    why: 'cel-go: string(1e-06) is "1e-06" and string(1.0 / 0.0) is "+Inf". There they are as JavaScript writes them.',
    isOne: (source) => /string\(\(?[-(]*(\d+\.|\d+e|context\.|double)/.test(source),
  },
  {
    what: 'parts of times in years below 100, before 1970 and across changes of clocks',
    right: 'here',
    why: 'cel-spec, timestamps: the proleptic Gregorian calendar, in UTC or the zone that is named. There a local Date stands in between.',
    isOne: (source) =>
      GETTERS.test(source) &&
      (!isUtc ||
        /000[0-9]-|-9223372036854775808|19[0-6]\d-|getDayOfYear|\.9{4,}|timestamp\((?!")|timestamp\(.*duration|duration.*timestamp\(/.test(
          source,
        )),
  },
];

/** What is refused when it is compiled, and gives a value there, where nothing is looked at before it runs. */
export const REFUSALS: readonly Difference[] = [
  {
    what: 'types that do not go together',
    right: 'either',
    why: 'cel-spec, gradual type checking: a checker refuses what no value could make right.',
    isOne: (_source, { whyHere }) =>
      /does not go together|takes a bool here|goes through a list|have to be of one type|has no fields|^It is of type|^The key of a map is/.test(
        whyHere,
      ),
  },
  {
    what: 'times, durations and zones that are written down wrongly',
    right: 'either',
    why: 'A slip shows when it is written, also where it would not be reached.',
    isOne: (_source, { whyHere }) => /^Not a (time|duration|time zone|range|number)/.test(whyHere),
  },
  {
    what: 'names of nothing',
    right: 'either',
    why: 'cel-spec, name resolution: an unknown variable is an error, also where it would not be reached.',
    isOne: (_source, { whyHere }) => /^(Unknown variable|There is no function|request has no)/.test(whyHere),
  },
];
