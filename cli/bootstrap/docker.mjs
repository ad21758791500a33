import { request } from 'node:http';

const PING_TIMEOUT_MS = 2000;
const DEFAULT_HOST = 'unix:///var/run/docker.sock';

/** Whether a Docker engine answers, where testcontainers would look for one first. */
export function dockerAnswers(env) {
  const target = targetOf(env.DOCKER_HOST || DEFAULT_HOST);
  if (target === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const ping = request({ ...target, path: '/_ping', timeout: PING_TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once('timeout', () => ping.destroy());
    ping.once('error', () => resolve(false));
    ping.once('close', () => resolve(false));
    ping.end();
  });
}

/** Where to send the request, or undefined for a way to reach an engine that is not HTTP. */
export function targetOf(dockerHost) {
  const { protocol, hostname, port, pathname } = new URL(dockerHost);
  if (protocol === 'unix:') return { socketPath: decodeURIComponent(pathname) };
  if (protocol === 'tcp:' || protocol === 'http:') return { host: hostname, port: Number(port || 2375) };
  return undefined;
}
