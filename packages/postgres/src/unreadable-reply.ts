/** Postgres answered something that is no value of its type, as this code knows it. It says nothing of the value. */
export class UnreadableReply extends Error {
  override readonly name = 'UnreadableReply';

  constructor(what: string) {
    super(`Postgres answered what is not ${what}.`);
  }
}
