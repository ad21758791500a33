/** The environment of programs that tests start as a person would: this one's, without settings of Gatehouse. */
export function terminalEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GATEHOUSE_')));
}
