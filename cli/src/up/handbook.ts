import { relative } from 'node:path';
import type { Places } from './places-of-mesh.ts';

/** The table of what runs where, and lines that work when pasted in the folder. */
export function handbook({ env, logs, services, postgres, redis }: Places, folder = process.cwd()): string {
  const rows = Object.entries(services).map(([name, { grpc, metrics }]) => [name, grpc, metrics]);
  return `
${table([['service', 'gRPC (mTLS)', 'metrics'], ...rows])}

postgres  ${postgres}    redis  ${redis}    logs  ${relative(folder, logs)}/

Paste in another terminal, in this folder:
  . ${relative(folder, env)}
  npx buf curl $AS_APP --list-services $SESSION
  npx buf curl $AS_APP -d '{"email":"ada@example.com","password":"seven violins in an orchard"}' \\
    $IDENTITY/gatehouse.identity.v1.IdentityService/RegisterUser

For development only: the keys lie on this disk. The data stays until npm run reset. Ctrl-C stops everything.
`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
