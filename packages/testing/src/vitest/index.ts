export { plantSeed } from '../config.ts';
export { type QuietReporterOptions, quietReporter } from './reporter.ts';
export { type RunResults, runResults } from './run-results.ts';
export { TIERS, type Tier, tierOf } from './tiers.ts';
