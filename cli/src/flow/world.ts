import { silentLogger, uuidv7 } from '@gatehouse/process';
import { AuthorizationService } from '@gatehouse/proto/envoy/service/auth/v3/external_auth.ts';
import { AuditServiceService } from '@gatehouse/proto/gatehouse/audit/v1/audit.ts';
import { AuthzServiceService } from '@gatehouse/proto/gatehouse/authz/v1/authz.ts';
import { ModelServiceService } from '@gatehouse/proto/gatehouse/authz/v1/model.ts';
import { IdentityServiceService } from '@gatehouse/proto/gatehouse/identity/v1/identity.ts';
import { OpsServiceService } from '@gatehouse/proto/gatehouse/ops/v1/ops.ts';
import { SessionServiceService } from '@gatehouse/proto/gatehouse/session/v1/session.ts';
import { type Client, certificateSource, connect, type RpcDefinitions } from '@gatehouse/rpc';
import type { Mesh, ServiceName } from '../mesh/start-mesh.ts';

/** The peers that the flow plays: an application, the edge and an operator. */
const APP = 'app/shop';
const EDGE = 'edge/envoy';
const OPERATOR = 'operator/cli';

/** Clients of a running mesh, as its users have them. */
export interface World {
  readonly identity: Client<typeof IdentityServiceService>;
  readonly session: Client<typeof SessionServiceService>;
  /** Another instance of the session service; the same one where there is only one. */
  readonly sessionElsewhere: Client<typeof SessionServiceService>;
  /** Whether there is another instance of it. */
  readonly hasElsewhere: boolean;
  readonly sessionOperator: Client<typeof SessionServiceService>;
  readonly edge: Client<typeof AuthorizationService>;
  /** For checks. */
  readonly authz: Client<typeof AuthzServiceService>;
  /** For changes. */
  readonly authzOperator: Client<typeof AuthzServiceService>;
  readonly modelOperator: Client<typeof ModelServiceService>;
  readonly audit: Client<typeof AuditServiceService>;
  readonly ops: Client<typeof OpsServiceService>;
  /** Another client, under any peer's name. Closed with the rest. */
  connectAs<D extends RpcDefinitions>(
    peer: string,
    serverName: ServiceName,
    definition: D,
    address?: string,
  ): Client<D>;
  close(): void;
}

/** Connects to every service with the certificates of the peers that the flow plays. */
export function connectWorld(mesh: Mesh): World {
  const opened: { close(): void }[] = [];
  const as = <D extends RpcDefinitions>(
    peer: string,
    serverName: ServiceName,
    definition: D,
    address = mesh.address(serverName),
  ) => {
    const certificates = certificateSource({ ...mesh.authority.issueSync(peer), logger: silentLogger });
    const transport = { kind: 'mtls', certificates, trustDomain: mesh.trustDomain, serverName } as const;
    const client = connect({ definition, address, transport, defaultDeadlineMs: 10_000 });
    opened.push(client, { close: () => certificates.stop() });
    return client;
  };
  const last = mesh.instances('session').length - 1;
  return {
    identity: as(APP, 'identity', IdentityServiceService),
    session: as(APP, 'session', SessionServiceService),
    sessionElsewhere: as(APP, 'session', SessionServiceService, mesh.address('session', last)),
    hasElsewhere: last > 0,
    sessionOperator: as(OPERATOR, 'session', SessionServiceService),
    edge: as(EDGE, 'session', AuthorizationService),
    authz: as(APP, 'authz', AuthzServiceService),
    authzOperator: as(OPERATOR, 'authz', AuthzServiceService),
    modelOperator: as(OPERATOR, 'authz', ModelServiceService),
    audit: as(OPERATOR, 'audit', AuditServiceService),
    ops: as(OPERATOR, 'ops', OpsServiceService),
    connectAs: as,
    close: () => {
      for (const each of opened) each.close();
    },
  };
}

/** What one run of the flow knows: whom it made, and which audit events must be there. */
export interface Journey {
  readonly email: string;
  readonly password: string;
  readonly startedAt: Date;
  userId: string;
  sessionToken: string;
  sessionId: string;
  /** Events that the calls so far must have left, in order. */
  readonly expected: ExpectedEvent[];
}

export interface ExpectedEvent {
  readonly requestId: string;
  readonly eventType: string;
  readonly actor: string;
}

export function newJourney(): Journey {
  const tag = uuidv7().slice(-12);
  return {
    email: `ada.${tag}@example.com`,
    password: `correct horse ${tag} battery`,
    startedAt: new Date(),
    userId: '',
    sessionToken: '',
    sessionId: '',
    expected: [],
  };
}
