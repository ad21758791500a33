/** Longest pattern whose repetition counts as short. */
const PATTERN_LENGTH_MAX = 8;
/** A text of fewer different characters repeats them, in whatever order. */
const DIFFERENT_CHARACTERS_MIN = 4;

/** Whether a text, in lower case, is one character or a short pattern over and over, cut off anywhere. */
export function isRepetition(text: string): boolean {
  const characters = [...text];
  if (new Set(characters).size < DIFFERENT_CHARACTERS_MIN) return true;
  for (let period = 1; period <= PATTERN_LENGTH_MAX && period * 2 <= characters.length; period += 1) {
    if (characters.every((character, index) => index < period || character === characters[index - period])) return true;
  }
  return false;
}
