import { type ChannelCredentials, credentials, experimental } from '@grpc/grpc-js';
import type { Certificates } from './certificates.ts';
import type { ChannelOptions } from './open-channel.ts';
import { identityProblem } from './server-identity.ts';

/** The name that a service has in its certificate. */
export function serverNameOf(service: ChannelOptions['service'], tls: ChannelOptions['tls']): string {
  if (tls === 'plaintext-loopback') return service;
  return (service === 'session' ? tls.serverName : tls.authzServerName) ?? service;
}

/** By which the client proves who it is, and makes sure of who answers. */
export function channelCredentials(
  tls: ChannelOptions['tls'],
  serverName: string,
  certificates: Certificates | undefined,
): ChannelCredentials {
  if (tls === 'plaintext-loopback' || !certificates) return credentials.createInsecure();
  const { provider } = certificates;
  const { trustDomain } = tls;
  return experimental.createCertificateProviderChannelCredentials(provider, provider, {
    checkServerIdentity: (_host, certificate) => identityProblem(certificate.raw, trustDomain, serverName),
  });
}
