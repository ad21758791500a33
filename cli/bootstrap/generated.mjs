import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changeGenerated } from './generated-code.mjs';
import { withCheckoutLock } from './lock.mjs';
import { say, step, withLocalPrograms } from './processes.mjs';

/** What the descriptor image holds: our own protos, and those of others that we serve or speak. */
const IMAGE_PATHS = [
  'proto/gatehouse',
  'node_modules/@grpc/grpc-js-xds/deps/envoy-api/envoy/service/auth/v3/external_auth.proto',
  'node_modules/@grpc/grpc-js-xds/deps/googleapis/google/rpc/error_details.proto',
  'node_modules/grpc-health-check/proto/health',
  'node_modules/@grpc/reflection/build/proto/grpc',
];
const IMAGE = 'proto/gen/image.binpb';
const CODE = 'proto/gen/ts';
const CHANGER = 'cli/bootstrap/generated-code.mjs';
/** Beside the generated code, because buf clears the folder of the code itself. */
const STAMP = 'proto/gen/sources-sha256';

/** Makes sure that the code in proto/gen was generated from the protos as they are. `force` generates it anyway. */
export async function ensureGenerated(root, { force }) {
  if (!force && isCurrent(root)) return;
  await withCheckoutLock(root, async () => {
    if (!force && isCurrent(root)) return;
    say('Generating code from the protos …');
    const hash = hashOfSources(root);
    const options = { cwd: root, env: withLocalPrograms(root) };
    const buf = join(root, 'node_modules', '.bin', 'buf');
    mkdirSync(join(root, 'proto', 'gen'), { recursive: true });
    await step(buf, ['build', ...IMAGE_PATHS.flatMap((path) => ['--path', path]), '-o', IMAGE], options);
    await step(buf, ['generate'], options);
    changeGenerated(join(root, CODE));
    writeFileSync(join(root, STAMP), hash);
  });
}

/** A hash over all that the generated code follows from: name and content of each file, in a fixed order. */
export function hashOfSources(root) {
  const protos = readdirSync(join(root, 'proto'), { recursive: true }).filter((file) => file.endsWith('.proto'));
  const settings = readdirSync(root).filter((file) => /^buf.*\.yaml$/.test(file));
  const files = [...protos.map((file) => join('proto', file)), ...settings, CHANGER, 'package-lock.json'].sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const content = readFileSync(join(root, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

function isCurrent(root) {
  const stamp = join(root, STAMP);
  const generated = [IMAGE, `${CODE}/gatehouse`].every((path) => existsSync(join(root, path)));
  return generated && existsSync(stamp) && readFileSync(stamp, 'utf8') === hashOfSources(root);
}
