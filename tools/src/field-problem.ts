import type { DescField } from '@bufbuild/protobuf';
import type { Problem } from './problem.ts';
import { findText } from './source-tree.ts';

/** A problem of a field, at the line that declares it. */
export async function problemOf(root: string, field: DescField, text: string): Promise<Problem> {
  const file = `proto/${field.parent.file.name}.proto`;
  const lines = ((await findText(root, file)) ?? '').split('\n');
  const start = lines.findIndex((line) => new RegExp(`^\\s*message\\s+${field.parent.name}\\b`).test(line));
  const declaration = new RegExp(`\\b${field.name}\\s*=\\s*${field.number}\\b`);
  const index = lines.findIndex((line, at) => at > start && declaration.test(line));
  const message = `${field.parent.typeName}.${field.name} ${text}`;
  return index < 0 ? { file, message } : { file, line: index + 1, message };
}
