import { open } from 'node:fs/promises';
import type { PolicyClient } from './connect-authz.ts';
import { formatGrant } from './grant-lines.ts';
import { unreadable } from './unreadable.ts';

export interface ExportingGrants {
  /** Where to write it; undefined: it is printed. */
  readonly output: string | undefined;
  /** Where to go on, as a command that broke off has told; undefined: at the beginning. */
  readonly from: string | undefined;
  readonly client: PolicyClient;
  readonly print: (text: string) => void;
  /** For what is no part of the file. */
  readonly warn: (line: string) => void;
  /** Whether the conditions that can't be read are told as JSON, a line each. */
  readonly json: boolean;
}

/** Writes all grants as the file that `authz import-grants` takes, a line each. */
export async function exportGrants({ output, from, client, print, warn, json }: ExportingGrants): Promise<void> {
  // What was written before it broke off is kept.
  const file = output === undefined ? undefined : await open(output, from === undefined ? 'w' : 'a');
  let next = from ?? '';
  let isComplete = false;
  /** Lines by this command; a file that it goes on with has others before them. */
  let written = 0;
  try {
    for await (const answer of client.exportGrants({ pageSize: 0, pageToken: next })) {
      const text = answer.grants.map((grant) => `${formatGrant(grant)}\n`).join('');
      if (file) await file.write(text);
      else print(text);
      for (const { index, grantId, problem } of answer.conditionProblems) {
        const userId = answer.grants[index]?.userId ?? '';
        const whose = `grant ${grantId} of the user ${userId}, line ${written + index + 1}`;
        warn(
          json
            ? JSON.stringify({ grant_id: grantId, user_id: userId, file_line: written + index + 1, ...problem })
            : unreadable(whose, problem),
        );
      }
      written += answer.grants.length;
      next = answer.nextPageToken;
      isComplete = answer.isComplete;
    }
  } finally {
    await file?.close();
    if (!isComplete && next !== (from ?? '')) warn(`It broke off. Go on with --from ${next}`);
  }
  if (!isComplete) throw new Error('The service has not answered to the end.');
}
