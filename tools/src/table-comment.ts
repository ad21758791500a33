/** How the rows of a table are spread over the nodes of a cluster. */
export type Distribution =
  | { readonly kind: 'distributed'; readonly column: string }
  | { readonly kind: 'reference' }
  | { readonly kind: 'local' };

/** How long the rows of a table live, and which job removes them when they do not simply live. */
export type Retention =
  | { readonly kind: 'live'; readonly term: string }
  | { readonly kind: 'leave'; readonly job: string; readonly after: string };

/** What the comment of a table declares; a part that is not in the form is undefined. */
export interface Declaration {
  readonly distribution: Distribution | undefined;
  readonly retention: Retention | undefined;
}

/**
 * Reads the comment that every table carries: `<distribution>; <retention>` and, after another semicolon, free words.
 * The distribution is `distributed by <column>`, `reference` or `local`; the retention is `rows live <how long>` or
 * `rows leave by <job> after <how long>`.
 */
export function parseTableComment(comment: string): Declaration {
  const [distribution = '', retention = ''] = comment.split(';').map((part) => part.trim());
  return { distribution: parseDistribution(distribution), retention: parseRetention(retention) };
}

function parseDistribution(text: string): Distribution | undefined {
  if (text === 'reference' || text === 'local') return { kind: text };
  const column = /^distributed by ([a-z_][a-z0-9_]*)$/.exec(text)?.[1];
  return column === undefined ? undefined : { kind: 'distributed', column };
}

function parseRetention(text: string): Retention | undefined {
  const [, job, after] = /^rows leave by ([a-z][a-z0-9]*(?:-[a-z0-9]+)*) after (\S.*)$/.exec(text) ?? [];
  if (job !== undefined && after !== undefined) return { kind: 'leave', job, after };
  const term = /^rows live (\S.*)$/.exec(text)?.[1];
  return term === undefined ? undefined : { kind: 'live', term };
}
