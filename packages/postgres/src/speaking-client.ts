import pg from 'pg';

/**
 * How values are written on the wire, as this code reads and writes them. Servers, databases and roles may be set to
 * anything else, and what a connection asks for as it opens goes before that. PgBouncer keeps track of all of them.
 */
export const SPEECH = {
  client_encoding: 'UTF8',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
} as const;

/** A pg client that says how it speaks. */
export class SpeakingClient extends pg.Client {
  /** Makes the message that opens the session, for pg's connection. */
  getStartupConf(): Record<string, string> {
    // pg has no type for it, and adds the encoding by itself.
    const { getStartupConf } = pg.Client.prototype as unknown as { getStartupConf(): Record<string, string> };
    const { client_encoding: _, ...speech } = SPEECH;
    return { ...getStartupConf.call(this), ...speech };
  }
}

/** Calls `onOther` when the server says that it speaks in another way, at the start or later. */
export function watchSpeech(client: pg.Client, onOther: (error: Error) => void): void {
  client.connection.on('parameterStatus', ({ parameterName: name, parameterValue: value }) => {
    const asked = SPEECH[name as keyof typeof SPEECH];
    if (asked === undefined || asked.toLowerCase() === String(value).toLowerCase()) return;
    onOther(new Error(`Postgres has ${name} at "${value}", and not at "${asked}" as the connection asked for.`));
  });
}
