import { Failure, isFailure } from '@gatehouse/failure';
import { ReplyError } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { redisCondition, redisFailure, refusesWrites } from './redis-failure.ts';

describe('an error of the Redis client', () => {
  it.each([
    [new Error('Command timed out'), 'TIMEOUT'],
    [new Error('Connection is closed.'), 'CLOSED'],
    [new Error("Stream isn't writeable and enableOfflineQueue options is false"), 'CLOSED'],
    [new ReplyError('LOADING Redis is loading the dataset in memory'), 'REFUSED'],
    [new ReplyError("READONLY You can't write against a read only replica."), 'REFUSED'],
    [new ReplyError("OOM command not allowed when used memory > 'maxmemory'."), 'REFUSED'],
    [new ReplyError('CLUSTERDOWN The cluster is down'), 'REFUSED'],
  ])('becomes unavailable: %s', (error, condition) => {
    const failure = redisFailure(error);
    expect(isFailure(failure, 'REDIS_UNAVAILABLE')).toBe(true);
    expect(failure).toMatchObject({ kind: 'unavailable', cause: error });
    expect(redisCondition(failure)).toBe(condition);
  });

  it.each(['ERR unknown command', 'WRONGTYPE Operation against a key', 'NOSCRIPT No matching script'])(
    'stays what it is when a command of ours is wrong: %s',
    (message) => {
      const error = new ReplyError(message);
      expect(redisFailure(error)).toBe(error);
    },
  );

  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", true],
    ['MISCONF Errors writing to the AOF file: No space left on device', true],
    ["READONLY You can't write against a read only replica.", true],
    ['NOREPLICAS Not enough good replicas to write.', true],
    ['LOADING Redis is loading the dataset in memory', false],
    ['CLUSTERDOWN The cluster is down', false],
  ])('tells whether the server takes no writes: %s', (message, expected) => {
    expect(refusesWrites(redisFailure(new ReplyError(message)))).toBe(expected);
  });

  it('loses the arguments of its command', () => {
    const error = Object.assign(new ReplyError('WRONGTYPE'), { command: { name: 'get', args: ['secret'] } });
    expect(redisFailure(error)).not.toHaveProperty('command');
  });

  it('is not translated twice', () => {
    const failure = new Failure('unavailable', 'REDIS_UNAVAILABLE', 'x');
    expect(redisFailure(failure)).toBe(failure);
    expect(redisCondition(new Error('x'))).toBeUndefined();
  });
});
