/** A setting with which the process can't run. No value is in it: values can be secrets. */
export interface SettingProblem {
  readonly variable: string;
  /** Goes on behind the variable: "is not set". */
  readonly wrong: string;
  /** What it has to be, such as "a whole number from 1 to 10". */
  readonly expected: string;
}

/** How a process ends whose settings are wrong: EX_CONFIG of sysexits.h. To start it again would help nobody. */
export const CONFIG_EXIT = 78;

/** The settings do not say what the process needs. The message is one list of all that is wrong, for whoever starts it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly SettingProblem[];
  /** The settings that can be used, by their variables. */
  readonly usable: Readonly<Record<string, unknown>>;

  constructor(problems: readonly SettingProblem[], usable: Readonly<Record<string, unknown>> = {}) {
    const lines = problems.map(({ variable, wrong, expected }) => `  ${variable} ${wrong}. Expected: ${expected}.`);
    super(`The settings are wrong:\n${lines.join('\n')}`);
    this.problems = problems;
    this.usable = usable;
  }
}
