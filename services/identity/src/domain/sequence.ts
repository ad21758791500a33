const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '1234567890';

/** What people run a finger along: the alphabet, the digits, and the rows and columns of common keyboards. */
const FORWARD = [
  ALPHABET + ALPHABET,
  DIGITS + DIGITS,
  '0123456789',
  '!@#$%^&*()_+',
  ...['qwertyuiop[]', "asdfghjkl;'", 'zxcvbnm,./'],
  ...['qwertzuiop', 'yxcvbnm', 'azertyuiop', 'qsdfghjklm', 'wxcvbn'],
  ...['1qaz', '2wsx', '3edc', '4rfv', '5tgb', '6yhn', '7ujm', '8ik,', '9ol.'],
];
const SEQUENCES = [...FORWARD, ...FORWARD.map((sequence) => [...sequence].reverse().join(''))];

/** Fewer neighbours than this may stand next to each other by chance. */
const RUN_LENGTH_MIN = 3;
/** A text that a reader can describe in this many steps, each a run or a single character, is a sequence. */
const STEPS_MAX = 4;

/** Whether a text, in lower case, is made of runs along the alphabet, the digits or a keyboard. */
export function isSequence(text: string): boolean {
  let steps = 0;
  for (let at = 0; at < text.length; steps += 1) {
    const run = runLength(text, at);
    at += run >= RUN_LENGTH_MIN ? run : 1;
  }
  return steps <= STEPS_MAX;
}

/** How far the text goes along one of the sequences from `start`. */
function runLength(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && SEQUENCES.some((sequence) => sequence.includes(text.slice(start, end + 1)))) end += 1;
  return end - start;
}
