import { describe, expect, it } from 'vitest';
import { h2loadArguments } from '../src/load/h2load.ts';
import { parseLog, parseSummary } from '../src/load/h2load-output.ts';

const printed = (requests: string, codes: string) => `starting benchmark...
Main benchmark duration is over for thread #0. Stopping all clients.
Stopped all clients for thread #0

finished in 4.00s, 10501.33 req/s, 2.70MB/s
requests: ${requests}
status codes: ${codes}
traffic: 8.09MB (8488055) total, 250.87KB (256888) headers (space savings 96.39%), 11.48MB (12039520) data
                     min         max         mean         sd        +/- sd
time for request:      666us    134.88ms      5.95ms     12.33ms    95.43%
`;

describe('what h2load prints', () => {
  it('is read for the rate', () => {
    const output = printed(
      '31504 total, 31504 started, 31504 done, 31504 succeeded, 0 failed, 0 errored, 0 timeout',
      '31552 2xx, 0 3xx, 0 4xx, 0 5xx',
    );
    expect(parseSummary(output)).toEqual({ perSecond: 10501.33, failures: 0 });
  });

  it('is read for every kind of failure', () => {
    const output = printed(
      '31504 total, 31504 started, 31504 done, 31500 succeeded, 1 failed, 2 errored, 4 timeout',
      '31552 2xx, 8 3xx, 16 4xx, 32 5xx',
    );
    expect(parseSummary(output).failures).toBe(63);
  });

  it('is refused when it is of another form', () => {
    expect(() => parseSummary('h2load: unrecognized option')).toThrow(/printed no line like \^finished in/);
  });
});

describe('the log of h2load', () => {
  it('is read for times', () => {
    expect([...parseLog('1795203841582183\t200\t2596\n1795203841582184\t200\t31\n')]).toEqual([2596, 31]);
    expect([...parseLog('')]).toEqual([]);
  });

  it('is refused when a line is of another form', () => {
    expect(() => [...parseLog('1795203841582183 200 2596\n')]).toThrow(/another form/);
  });
});

describe('the command line of h2load', () => {
  it('has the shape of the load, the body and the headers of gRPC', () => {
    const target = { port: 4711, path: '/a.B/C' };
    const args = h2loadArguments(target, { body: '/tmp/b', log: '/tmp/l', warmUpMs: 1_000, runMs: 2_500 });
    expect(args).toEqual([
      '--clients=4',
      '--max-concurrent-streams=16',
      '--threads=1',
      '--duration=2.5',
      '--warm-up-time=1',
      '--data=/tmp/b',
      '--log-file=/tmp/l',
      '--header=te: trailers',
      '--header=content-type: application/grpc',
      '--header=user-agent: gatehouse-bench',
      '--header=grpc-timeout: 5S',
      'http://127.0.0.1:4711/a.B/C',
    ]);
  });
});
