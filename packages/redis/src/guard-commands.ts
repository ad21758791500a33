import type { Cluster, Command, Redis } from 'ioredis';
import { COMMAND_TIMED_OUT, type RedisCondition, redisCondition, redisFailure } from './redis-failure.ts';

interface Sender {
  sendCommand(command: Command, ...rest: unknown[]): unknown;
}

export interface GuardOptions {
  readonly timeoutMs: number;
  /** Called once for each command that Redis did not do. */
  readonly failed: (condition: RedisCondition, failure: Error) => void;
}

/**
 * Holds every command of a client to its timeout and translates what it is rejected with. It sits where all commands
 * pass, so that neither a script nor a pipeline nor a redirection inside a cluster can get round it.
 */
export function guardCommands(client: Redis | Cluster, { timeoutMs, failed }: GuardOptions): void {
  const sender: Sender = client;
  const send = sender.sendCommand.bind(client);
  sender.sendCommand = (command, ...rest) => {
    const { resolve, reject } = command;
    const expire = () => {
      if (!command.isSettled) command.reject(new Error(COMMAND_TIMED_OUT));
    };
    // After a stall of this process the answer may wait in the socket, which is read before an immediate runs.
    const timer = setTimeout(() => setImmediate(expire), timeoutMs);
    command.resolve = (value) => {
      clearTimeout(timer);
      resolve.call(command, value);
    };
    command.reject = (error) => {
      clearTimeout(timer);
      const failure = redisFailure(error);
      const condition = redisCondition(failure);
      if (condition !== undefined && !command.isSettled) failed(condition, failure);
      reject.call(command, failure);
    };
    return send(command, ...rest);
  };
}
