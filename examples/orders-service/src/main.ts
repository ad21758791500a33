import { connectGatehouse, createAccessTokens } from '@gatehouse/client';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';

const { host, port, sessionAddress, ca, cert, key, trustDomain, issuer, audience } = readConfig();
const gatehouse = connectGatehouse({
  session: { address: sessionAddress },
  tls: { ca, cert, key, trustDomain },
  onWarning: (error) => console.warn(error.message),
});
const app = createApp(gatehouse, createAccessTokens({ client: gatehouse, issuer, audience }));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await app.close();
    gatehouse.close();
  });
}
console.log(`Orders at ${await app.listen({ host, port })}`);
