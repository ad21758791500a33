import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, hostPort, integer, parseConfig, postgresUrl } from './config.ts';

const schema = z.object({ LISTEN: hostPort, URL: postgresUrl, LIMIT: integer(1, 10).default(5) });

describe('parseConfig', () => {
  it('reads what is set and fills in what is not', () => {
    const config = parseConfig(schema, { LISTEN: '[::1]:7001', URL: 'postgres://u:p@h/d', LIMIT: '', OTHER: 'x' });
    expect(config).toEqual({ LISTEN: { host: '::1', port: 7001 }, URL: 'postgres://u:p@h/d', LIMIT: 5 });
  });

  it('names every wrong variable at once and no value', () => {
    const read = () => parseConfig(schema, { LISTEN: 'nowhere', URL: 'mysql://hunter2', LIMIT: '11' });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(
      /LISTEN: must be host:port\n.*URL: must be a postgres:\/\/ URL\n.*LIMIT: must be from 1 to 10/,
    );
    expect(read).not.toThrow(/hunter2/);
  });

  it('refuses a port that does not exist', () => {
    expect(() => parseConfig(schema, { LISTEN: 'h:70000', URL: 'postgres://h' })).toThrow(/LISTEN/);
  });
});
