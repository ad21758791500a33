export { type AdminServer, type AdminServerOptions, type Readiness, startAdminServer } from './admin-server.ts';
export { backoffMs } from './backoff.ts';
export { type Clock, systemClock } from './clock.ts';
export { parseConfig, redisVariables, serviceVariables } from './config.ts';
export { CONFIG_EXIT, ConfigError, type SettingProblem } from './config-error.ts';
export { createLogger, type Logger, type LoggerOptions, silentLogger } from './logger.ts';
export { Counter, createRegistry, Gauge, Histogram, Registry } from './metrics.ts';
export { type Running, runMain } from './run-main.ts';
export { runService } from './run-service.ts';
export { type SecretKey, secretKeys } from './secret-keys.ts';
export {
  across,
  fileProblem,
  type HostPort,
  hostPort,
  integer,
  readableFile,
  readBy,
  serviceAddress,
} from './setting.ts';
export { type StopStack, startOrStop, stopStack } from './stop-stack.ts';
export { type TallyHistogram, type TallyHistogramOptions, tallyHistogram } from './tally-histogram.ts';
export { derivedUuidv7, isUuid, uuidTimeMs, uuidv7 } from './uuid.ts';
