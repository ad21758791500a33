import type { ImportGrantsRequest, PortableGrant } from '@gatehouse/proto/gatehouse/authz/v1/policy.ts';
import { inMessages } from '@gatehouse/rpc';
import type { PolicyClient } from './connect-authz.ts';
import { IMPORT_EXIT } from './exit-codes.ts';
import { readLines } from './file-lines.ts';
import { readGrant } from './grant-lines.ts';

/** Lines that are read before they are sent. */
const LINES_MAX = 500;
/** A longer line is no grant, however it is written. */
const LINE_BYTES_MAX = 64 * 1024;

export interface Importing {
  readonly json: boolean;
  readonly client: PolicyClient;
  readonly print: (line: string) => void;
}

interface PlacedGrant {
  readonly line: number;
  readonly grant: PortableGrant;
}

/** Makes the grants of a file, a line each, and tells those that are refused. Answers with the exit code. */
export async function importGrants(file: string, { json, client, print }: Importing): Promise<number> {
  const counts = { granted: 0, unchanged: 0, refused: 0 };
  const refuse = (line: number, code: string, message: string) => {
    counts.refused += 1;
    print(json ? JSON.stringify({ line, code, message }) : `${file}:${line}:1: ${message} [${code}]`);
  };
  /** The lines of each request that has no answer yet. */
  const sent: (readonly number[])[] = [];
  const requests = toRequests(file, sent, (line, problem) => refuse(line, 'LINE_INVALID', problem));
  for await (const { granted, unchanged, refused } of client.importGrants(requests)) {
    const lines = sent.shift() ?? [];
    counts.granted += granted;
    counts.unchanged += unchanged;
    for (const { index, reason, message } of refused) refuse(lines[index] ?? 0, reason, message);
  }
  if (sent.length > 0)
    throw new Error('The service has not answered to the end. What it has made is left alone next time.');
  const { granted, unchanged, refused } = counts;
  print(json ? JSON.stringify(counts) : `${granted} granted, ${unchanged} unchanged, ${refused} refused`);
  return refused === 0 ? IMPORT_EXIT.done : IMPORT_EXIT.wrong;
}

/** Reads no further ahead than the service takes. */
async function* toRequests(
  file: string,
  sent: (readonly number[])[],
  refuse: (line: number, problem: string) => void,
): AsyncGenerator<ImportGrantsRequest> {
  for await (const grants of readGrants(file, refuse)) {
    for (const { items } of inMessages(grants)) {
      if (items.length === 0) continue;
      sent.push(items.map(({ line }) => line));
      yield { grants: items.map(({ grant }) => grant) };
    }
  }
}

async function* readGrants(
  file: string,
  refuse: (line: number, problem: string) => void,
): AsyncGenerator<readonly PlacedGrant[]> {
  let grants: PlacedGrant[] = [];
  for await (const each of readLines(file, LINE_BYTES_MAX)) {
    if (each.text === undefined) {
      refuse(each.line, each.problem);
      continue;
    }
    if (/^[ \t]*$/.test(each.text)) continue;
    const read = readGrant(each.text);
    if (read.grant) grants.push({ line: each.line, grant: read.grant });
    else refuse(each.line, read.problem);
    if (grants.length < LINES_MAX) continue;
    yield grants;
    grants = [];
  }
  yield grants;
}
