import { describe, expect, it } from 'vitest';
import { dumpSchema } from '../src/index.ts';
import { useService } from './use-service.ts';

const service = useService();

describe('dumpSchema', () => {
  it('prints the statements that make a schema, the rights among them, and nothing else', async () => {
    await service.run();
    const dump = await dumpSchema({ url: service.url, schema: service.name });
    expect(dump.replaceAll(service.name, 'demo')).toBe(`CREATE SCHEMA demo;

CREATE TABLE demo.items (
    id integer NOT NULL,
    note text
);

CREATE TABLE demo.schema_migrations (
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE demo.secrets (
    id integer NOT NULL
);

ALTER TABLE ONLY demo.items
    ADD CONSTRAINT items_pkey PRIMARY KEY (id);

ALTER TABLE ONLY demo.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY demo.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (id);

GRANT USAGE ON SCHEMA demo TO gatehouse_demo;

GRANT SELECT,INSERT ON TABLE demo.items TO gatehouse_demo;

GRANT SELECT ON TABLE demo.schema_migrations TO gatehouse_demo;
`);
  });

  it('does not depend on who asks', async () => {
    const { ownerUrl } = await service.run();
    expect(await dumpSchema({ url: ownerUrl, schema: service.name })).toBe(
      await dumpSchema({ url: service.url, schema: service.name }),
    );
  });

  it('rejects when the password is wrong, without showing it', async () => {
    const url = new URL(service.url);
    url.password = 'wrong-password';
    const error = await dumpSchema({ url: url.href, schema: service.name }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).not.toContain('wrong-password');
  });
});
