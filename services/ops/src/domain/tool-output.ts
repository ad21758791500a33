/** Longest error message that is kept of a program. */
const MESSAGE_MAX = 2000;
/** Shorter values are left alone: they are no secrets, and replacing them would make the text unreadable. */
const SECRET_MIN = 4;
const ERROR_LINE = /(?:^|\s)(?:ERROR|FATAL|PANIC|ASSERT)\b/;
/** What Postgres says to those who connect before it is ready, which explains nothing. */
const NOT_READY = /the database system is (?:starting up|not (?:yet )?accepting connections|shutting down)/;

/**
 * What a program's output says about why it failed: its lines of the level ERROR or worse with those that continue
 * them, else its end. At most 2000 characters, without any of `secrets` and without passwords in URLs.
 */
export function errorText(output: string, secrets: readonly string[]): string {
  const lines = output
    .replaceAll('\0', '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !NOT_READY.test(line));
  const errors = lines.filter(
    (line, index) => isError(lines, index) || (isContinuation(line) && follows(lines, index)),
  );
  const text = (errors.length > 0 ? errors : lines).join('\n').trim();
  return redact(text, secrets).slice(-MESSAGE_MAX);
}

/** The text without any of the secrets, and without passwords in URLs. */
export function redact(text: string, secrets: readonly string[]): string {
  const longestFirst = secrets.filter(({ length }) => length >= SECRET_MIN).sort((a, b) => b.length - a.length);
  const masked = longestFirst.reduce((masking, secret) => masking.replaceAll(secret, '[redacted]'), text);
  return masked.replaceAll(/(:\/\/[^\s:/@]*):[^\s@]*@/g, '$1:[redacted]@');
}

function isError(lines: readonly string[], index: number): boolean {
  return ERROR_LINE.test(lines[index] ?? '');
}

function isContinuation(line: string): boolean {
  return /^\s/.test(line) || /(?:^|\s)(?:DETAIL|HINT):/.test(line);
}

/** Whether the last line before this one that begins something is an error. */
function follows(lines: readonly string[], index: number): boolean {
  for (let before = index - 1; before >= 0; before -= 1) {
    if (isError(lines, before)) return true;
    if (!isContinuation(lines[before] ?? '')) return false;
  }
  return false;
}
