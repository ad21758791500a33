export { type AdminServer, type AdminServerOptions, type Readiness, startAdminServer } from './admin-server.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  ConfigError,
  type HostPort,
  hostPort,
  integer,
  parseConfig,
  postgresUrl,
  redisUrl,
  redisVariables,
  serviceVariables,
} from './config.ts';
export { createLogger, type Logger, type LoggerOptions, silentLogger } from './logger.ts';
export { Counter, createRegistry, Gauge, Histogram, Registry } from './metrics.ts';
export { type Running, runMain } from './run-main.ts';
export { type StopStack, startOrStop, stopStack } from './stop-stack.ts';
export { type TallyHistogram, type TallyHistogramOptions, tallyHistogram } from './tally-histogram.ts';
export { isUuid, uuidTimeMs, uuidv7 } from './uuid.ts';
