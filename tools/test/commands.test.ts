import { cp, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BASELINE, buildBaseline, COMMANDS, runCommand } from '../src/commands.ts';
import { plantTree, REPOSITORY, type Tree } from './planted-tree.ts';

const SESSION_PROTO = 'proto/gatehouse/session/v1/session.proto';

const command = (name: string) => {
  const found = COMMANDS.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`There is no command ${name}.`);
  return found;
};

/** A copy of the contract and of the settings of the tools, with what is installed, and with the given files. */
const plantRepository = async (files: Tree = {}) => {
  const settings = await Promise.all(
    ['biome.json', 'buf.yaml', 'tsconfig.json', '.gitignore'].map(
      async (file) => [file, await readFile(join(REPOSITORY, file), 'utf8')] as const,
    ),
  );
  const root = await plantTree({
    ...Object.fromEntries(settings),
    'package.json': '{ "type": "module" }\n',
    'cli/src/fine.ts': 'export const a = 1;\n',
  });
  await symlink(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'));
  await cp(join(REPOSITORY, 'proto/gatehouse'), join(root, 'proto/gatehouse'), { recursive: true });
  await plantTree(files, root);
  return root;
};

const editedProto = async (from: string, to: string) => {
  const text = await readFile(join(REPOSITORY, SESSION_PROTO), 'utf8');
  expect(text).toContain(from);
  return { [SESSION_PROTO]: text.replace(from, to) };
};

describe('the commands of npm run check', () => {
  it.each(['proto lint', 'proto format', 'proto breaking'])('find nothing in this repository: %s', async (name) => {
    const { passed, output } = await runCommand(REPOSITORY, command(name));
    expect(passed, output).toBe(true);
  });

  it.each([
    ['format and lint', { 'cli/src/a.ts': 'export const a   = "b"\n' }, 'cli/src/a.ts'],
    ['format and lint', { 'cli/src/a.ts': 'export const a: any = 1;\n' }, 'noExplicitAny'],
    ['format and lint', { 'cli/src/a.ts': 'export default 1;\n' }, 'noDefaultExport'],
    ['types', { 'cli/src/a.ts': "export const a: number = 'b';\n" }, 'cli/src/a.ts(1,14): error TS2322'],
    ['types', { 'cli/src/a.ts': 'export enum A { B }\n' }, 'error TS1294'],
  ])('refuse a planted violation: %s, %j', async (name, files, output) => {
    const root = await plantRepository();
    const before = await runCommand(root, command(name));
    expect(before, before.output).toMatchObject({ passed: true });

    await plantTree(files, root);
    expect(await runCommand(root, command(name))).toEqual({ passed: false, output: expect.stringContaining(output) });
  });

  it.each([
    ['proto lint', '// The user whose session it is; UUID.\n', '\n', 'Field "user_id" should have a non-empty comment'],
    ['proto lint', 'FRESHNESS_STRICT = 2', 'STRICT = 2', 'should be prefixed with "FRESHNESS_"'],
    ['proto format', '  string user_id = 2;', '    string user_id = 2;', '+  string user_id = 2;'],
    ['proto breaking', 'string user_id = 2;', 'string user_id = 22;', 'Previously present field "2"'],
    ['proto breaking', 'FRESHNESS_STRICT = 2', 'FRESHNESS_FULL = 2', 'changed name from "FRESHNESS_STRICT"'],
  ])('refuse a planted violation: %s, %s', async (name, from, to, output) => {
    const root = await plantRepository();
    await runCommand(root, buildBaseline(BASELINE));
    const before = await runCommand(root, command(name));
    expect(before, before.output).toMatchObject({ passed: true });

    await plantTree(await editedProto(from, to), root);
    expect(await runCommand(root, command(name))).toEqual({ passed: false, output: expect.stringContaining(output) });
  });

  it('let a contract grow', async () => {
    const root = await plantRepository();
    await runCommand(root, buildBaseline(BASELINE));
    await plantTree(
      await editedProto('  string user_id = 2;', '  string user_id = 2;\n  // How it is called.\n  string name = 99;'),
      root,
    );
    expect(await runCommand(root, command('proto breaking'))).toEqual({ passed: true, output: '' });
  });
});
