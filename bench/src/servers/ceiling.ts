import { readFileSync } from 'node:fs';
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { CEILING_REPLY } from './ceiling-reply.ts';
import { PATHS } from './paths.ts';
import { runServer } from './run-server.ts';

const same = (bytes: Buffer): Buffer => bytes;

const BYTES = {
  requestStream: false,
  responseStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

const answer: handleUnaryCall<Buffer, Buffer> = (_call, callback) => callback(null, CEILING_REPLY);

// The most that one grpc-js process can answer: bytes in, the same bytes out, and nothing between.
const [ca = '', cert = '', key = ''] = process.argv.slice(2);

await runServer(async () => {
  const server = new Server({ 'grpc.enable_channelz': 0 });
  server.addService(
    Object.fromEntries(Object.entries(PATHS).map(([name, path]) => [name, { path, ...BYTES }])),
    Object.fromEntries(Object.keys(PATHS).map((name) => [name, answer])),
  );
  const credentials = ServerCredentials.createSsl(
    readFileSync(ca),
    [{ cert_chain: readFileSync(cert), private_key: readFileSync(key) }],
    true,
  );
  return {
    ports: { plain: await listen(server, ServerCredentials.createInsecure()), tls: await listen(server, credentials) },
    metrics: async () => '',
    stop: async () => server.forceShutdown(),
  };
});

function listen(server: Server, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}
