import { describe, expect, it } from 'vitest';
import { tidyDump } from './dump-schema.ts';

describe('tidyDump', () => {
  it('leaves the statements and what is in them', () => {
    const dump = `--
-- PostgreSQL database dump
--

\\restrict x8AZ

-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Name: f(); Type: FUNCTION; Schema: demo; Owner: -
--

CREATE FUNCTION demo.f() RETURNS integer
    LANGUAGE plpgsql
    AS $$
begin
  -- A comment that stays.
  return 1;
end $$;


--
-- Name: SCHEMA demo; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA demo TO gatehouse_demo;


--
-- PostgreSQL database dump complete
--

\\unrestrict x8AZ

`;
    expect(tidyDump(dump)).toBe(`CREATE FUNCTION demo.f() RETURNS integer
    LANGUAGE plpgsql
    AS $$
begin
  -- A comment that stays.
  return 1;
end $$;

GRANT USAGE ON SCHEMA demo TO gatehouse_demo;
`);
  });
});
