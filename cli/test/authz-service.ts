import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as authz from '@gatehouse/authz-service';
import { startTestService, type TestService, testAuthority, testStores } from '@gatehouse/testing';

const MAIN = join(import.meta.dirname, '../src/main.ts');

/** An authz service, and the command beside it, in a folder of its own. */
export interface CommandRig {
  readonly service: TestService;
  readonly folder: string;
  /** Runs `gatehouse authz …` as an operator. */
  run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }>;
  /** Runs it with other variables. */
  runWith(env: Readonly<Record<string, string>>, ...args: string[]): ReturnType<CommandRig['run']>;
  /** Writes a file into the folder, and returns its name. */
  write(name: string, text: string | Buffer): string;
  stop(): Promise<void>;
}

export async function startCommandRig(): Promise<CommandRig> {
  const service = await startTestService({ name: 'authz', main: authz });
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-authz-'));
  const { ca, cert, key } = await (await testAuthority()).issue('operator/cli');
  const env = {
    GATEHOUSE_AUTHZ_ADDRESS: service.address,
    GATEHOUSE_TLS_CA: ca,
    GATEHOUSE_TLS_CERT: cert,
    GATEHOUSE_TLS_KEY: key,
    GATEHOUSE_TRUST_DOMAIN: testStores().trustDomain,
  };
  const runWith: CommandRig['runWith'] = (more, ...args) =>
    new Promise((resolve) => {
      const variables = Object.entries({ ...env, ...more }).map(([name, value]) => `${name}=${value}`);
      const command = [...variables, process.execPath, MAIN, 'authz', ...args];
      const child = execFile('env', command, { cwd: folder }, (_error, stdout, stderr) =>
        resolve({ status: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  return {
    service,
    folder,
    run: (...args) => runWith({}, ...args),
    runWith,
    write(name, text) {
      writeFileSync(join(folder, name), text);
      return name;
    },
    async stop() {
      await service.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
