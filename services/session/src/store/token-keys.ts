import { type Database, statement } from '@gatehouse/postgres';
import { type Clock, ConfigError, type SettingProblem } from '@gatehouse/process';
import { KEY_ID_MAX, type KeyRing } from '../domain/key-ring.ts';
import type { TokenForm } from '../domain/token-gate.ts';

export interface TokenKeysOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly ring: Pick<KeyRing, 'ids'>;
  readonly form: TokenForm;
}

const FIND_NEEDED = statement<{ id: number }>(
  'session.find-needed-token-keys',
  `select k.id from unnest($1::smallint[]) as k (id)
   where exists (select from session.sessions s
     where s.token_key_id = k.id and s.revoked_at is null and s.expires_at > $2::timestamptz)
   order by k.id`,
);
const FIND_PLAIN = statement<{ is_needed: boolean }>(
  'session.find-plain-tokens',
  `select exists (select from session.sessions
     where token_key_id is null and revoked_at is null and expires_at > $1::timestamptz) as is_needed`,
);
const KEY_IDS = Array.from({ length: KEY_ID_MAX }, (_, index) => index + 1);

/**
 * Asks whether this instance recognises the tokens of all sessions that may be used. Throws ConfigError when it does not,
 * and resolves to a reason when Postgres can't tell yet. Once it was told, Postgres is not asked again.
 */
export function tokenKeysReady({ db, clock, ring, form }: TokenKeysOptions): () => Promise<readonly string[]> {
  let isMet = false;
  const problems = async (): Promise<SettingProblem[]> => {
    const now = clock.now();
    const needed = await db.query(FIND_NEEDED, [KEY_IDS.filter((id) => !ring.ids.includes(id)), now]);
    const [plain] = form === 'keyed-only' ? await db.query(FIND_PLAIN, [now]) : [];
    const missing = needed.map(({ id }) => ({
      variable: 'GATEHOUSE_SESSION_SECRET_KEYS',
      wrong: `lacks the key ${id}, which tokens of live sessions need`,
      expected: `the key ${id} beside the others, until those sessions have ended`,
    }));
    const refused = {
      variable: 'GATEHOUSE_SESSION_TOKEN_FORM',
      wrong: 'is "keyed-only", while live sessions have plain tokens, which would not be taken',
      expected: 'keyed, until those sessions have ended',
    };
    return plain?.is_needed ? [...missing, refused] : missing;
  };
  return async () => {
    if (isMet) return [];
    let found: readonly SettingProblem[];
    try {
      found = await problems();
    } catch (error) {
      return [
        `Which keys session tokens need can't be told: ${error instanceof Error ? error.message : String(error)}`,
      ];
    }
    if (found.length > 0) throw new ConfigError(found);
    isMet = true;
    return [];
  };
}
