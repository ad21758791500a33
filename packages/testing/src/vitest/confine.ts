import { Socket } from 'node:net';
import { isOfTier } from './tier-in-force.ts';

/** The machine itself, by the names that a connection may be asked for; a path is a socket of this machine as well. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i;

const connect = Socket.prototype.connect;

/** In the tier `unit` nothing connects to another machine. Called before each file. */
export function confineToMachine(): void {
  Socket.prototype.connect = isOfTier('unit') ? connectToLoopback : connect;
}

function connectToLoopback(this: Socket, ...words: unknown[]): Socket {
  const [first] = words.flat();
  const { host } = (typeof first === 'object' && first !== null ? first : {}) as { host?: string };
  if (host !== undefined && !LOOPBACK.test(host)) {
    throw new Error(`A test of the tier unit connects to ${host}; only this machine is allowed. See CONTRIBUTING.md.`);
  }
  return Reflect.apply(connect, this, words);
}
