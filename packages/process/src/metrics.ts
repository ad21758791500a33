import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';

export { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** A registry of Prometheus metrics that all carry the service's name, with those of the Node process in it. */
export function createRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  for (const metric of metricsOfProcess()) registry.registerMetric(metric);
  return registry;
}

let ofProcess: readonly Metric[] | undefined;

/** Made once, however many registries there are: they watch the event loop and the collector for as long as the process lives. */
function metricsOfProcess(): readonly Metric[] {
  if (ofProcess === undefined) {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    ofProcess = registry.getMetricsAsArray() as unknown as readonly Metric[];
  }
  return ofProcess;
}
