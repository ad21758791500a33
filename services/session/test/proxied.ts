import { type HttpReply, startProxyExample, type WebServerProgram } from '@gatehouse/testing';
import type { Doors } from './edge-doors.ts';

/** What the application was sent. */
export interface Received {
  readonly method: string;
  readonly url: string;
  /** Names as they were sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The proxy with the example that is shipped, in front of session and an application; `edit` changes it further. */
export async function startProxy(
  program: WebServerProgram,
  { doors, applicationPort, edit }: { doors: Doors; applicationPort: number; edit?: (text: string) => string },
) {
  return startProxyExample(program, {
    files: await doors.authority.issue(`edge/${program}`),
    trustDomain: doors.authority.trustDomain,
    gatehouse: [program === 'envoy' ? doors.rig.service.address : `127.0.0.1:${doors.port}`],
    applicationPort,
    ...(edit ? { edit } : {}),
  });
}

/** What the application was sent, of an answer that came from it. */
export function received({ status, headers, body }: HttpReply): Received {
  if (status !== 200) throw new Error(`${status} ${headers['x-ext-auth-reason']}: ${body}`);
  return JSON.parse(body);
}

/**
 * What an application that reads headers as CGI does takes for an identity, and for the header of a route: values by their
 * names with a hyphen for all that is neither letter nor digit. Several of one name stand together.
 */
export function believed({ headers }: Received): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of headers) {
    const read = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
    if (!/^x-(auth-|tenant$)/.test(read)) continue;
    values[read] = values[read] === undefined ? value : `${values[read]} and ${value}`;
  }
  return values;
}

/** A header of what was received, whatever its case. */
export function header({ headers }: Received, name: string): string | undefined {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1];
}
