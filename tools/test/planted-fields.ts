import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DESCRIPTOR_IMAGE } from '../src/descriptors.ts';
import { plantTree, REPOSITORY } from './planted-tree.ts';

const RULES = 'proto/gatehouse/options/v1/rules.proto';
/** The file that declares them. */
export const PLANTED = 'proto/gatehouse/planted/v1/planted.proto';

/** A compiled tree with a request of the given fields, and what else the file declares. */
export async function plantFields(fields: string, rest = ''): Promise<string> {
  const root = await plantTree({
    'buf.yaml': 'version: v2\nmodules:\n  - path: proto\n',
    [RULES]: await readFile(join(REPOSITORY, RULES), 'utf8'),
    'proto/gen/.keep': '',
    [PLANTED]: `syntax = "proto3";
package gatehouse.planted.v1;
import "gatehouse/options/v1/rules.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
service PlantedService { rpc Plant(PlantRequest) returns (PlantResponse); }
message PlantResponse { string unbounded = 1; repeated string many = 2; }
message PlantRequest {
${fields}
}
${rest}`,
  });
  const buf = join(REPOSITORY, 'node_modules/@bufbuild/buf/bin/buf');
  await promisify(execFile)(process.execPath, [buf, 'build', '-o', DESCRIPTOR_IMAGE], { cwd: root });
  return root;
}
