import { runMain } from '@gatehouse/process';

/** A server that is to be measured, or that the others need. */
export interface Served {
  /** Its ports on 127.0.0.1, by what they are for. */
  readonly ports: Readonly<Record<string, number>>;
  /** Its metrics in the Prometheus text format. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

/** What a server tells the process that started it. */
export type ServerMessage =
  | { readonly kind: 'ports'; readonly ports: Served['ports'] }
  | { readonly kind: 'metrics'; readonly text: string };

/** What it may be asked. */
export const ASK_METRICS = 'metrics';

const STOP_BUDGET_MS = 5_000;

/** Runs a server until the process that started it stops it, or is gone. */
export function runServer(start: () => Promise<Served>): Promise<void> {
  return runMain(
    async () => {
      const served = await start();
      const tell = (message: ServerMessage) => process.send?.(message);
      process.on('message', (question) => {
        if (question === ASK_METRICS) void served.metrics().then((text) => tell({ kind: 'metrics', text }));
      });
      tell({ kind: 'ports', ports: served.ports });
      return served;
    },
    { budgetMs: STOP_BUDGET_MS },
  );
}
