/** Everything inside which a semicolon ends nothing: strings, quoted names, dollar-quoted bodies, comments. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|;/g;

/**
 * The statements of an SQL text, one by one, without their semicolons; what holds only comments is left out. For what
 * can't run in a transaction: several statements sent together would be one. Not understood: backslashes in E'' strings
 * and comments in comments.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let start = 0;
  for (const token of sql.matchAll(TOKEN)) {
    if (token[0] !== ';') continue;
    statements.push(sql.slice(start, token.index));
    start = token.index + 1;
  }
  statements.push(sql.slice(start));
  return statements.map((text) => text.trim()).filter(saysSomething);
}

function saysSomething(statement: string): boolean {
  return statement.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, '').trim() !== '';
}
