/** Hits of each layer of a cache, by the name of the layer. */
export type LayerHits = ReadonlyMap<string, number>;

/** Reads the hits of one topic's cache from metrics in the Prometheus text format. */
export function readLayerHits(metrics: string, topic: string): LayerHits {
  const lines = metrics.matchAll(/^cache_hits_total\{([^}]*)\} (\S+)$/gm);
  return new Map(
    [...lines].flatMap(([, labels = '', value]) => {
      const layer = /(?:^|,)layer="([^"]*)"/.exec(labels)?.[1];
      return labels.includes(`topic="${topic}"`) && layer ? [[layer, Number(value)] as const] : [];
    }),
  );
}

/** The share of each layer that gave any answer between two readings, as `l1 99.2 %, l2 0.8 %`. */
export function describeLayers(before: LayerHits, after: LayerHits): string {
  const hits = [...after].map(([layer, count]) => [layer, count - (before.get(layer) ?? 0)] as const);
  const all = hits.reduce((sum, [, count]) => sum + count, 0);
  return hits
    .filter(([, count]) => count > 0)
    .map(([layer, count]) => `${layer} ${Number(((count * 100) / all).toFixed(1))} %`)
    .join(', ');
}
