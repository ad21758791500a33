const SPACE = 0x20;
const TAB = 0x09;

/** A text without the spaces and tabs around it: what HTTP calls optional white space (RFC 9110, section 5.6.3), and no more. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
