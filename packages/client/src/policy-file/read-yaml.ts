import { isAlias, isMap, isScalar, isSeq, type ParsedNode, parseDocument, type Scalar } from 'yaml';
import { ALIASES_MAX, DEPTH_MAX, FILE_BYTES_MAX, NODES_MAX } from './limits.ts';
import type { Offset, Problems } from './problem.ts';

/** A value of a file, and where it stands. */
export type Value = MapValue | ListValue | ScalarValue;
export interface Entry {
  readonly key: string;
  readonly at: Offset;
  readonly value: Value;
}
export interface MapValue {
  readonly kind: 'map';
  readonly at: Offset;
  /** In the order of the file; no key twice. */
  readonly entries: readonly Entry[];
}
export interface ListValue {
  readonly kind: 'list';
  readonly at: Offset;
  readonly items: readonly Value[];
}
export interface ScalarValue {
  readonly kind: 'scalar';
  readonly at: Offset;
  readonly value: string | number | boolean | null;
  /** How it is written, and as what: it tells where in the file a part of the value stands. */
  readonly raw: string;
  readonly style: Scalar.Type | undefined;
}

/**
 * Reads YAML 1.2 with the values of JSON: no tags, no merges, no directives, one document, keys that are text. What is
 * wrong is added to the problems; the rest is still read. undefined when nothing can be.
 */
export function readYaml(text: string, problems: Problems): Value | undefined {
  if (Buffer.byteLength(text) > FILE_BYTES_MAX) {
    problems.add(0, 'FILE_TOO_LARGE', `The file has more than ${FILE_BYTES_MAX} bytes.`);
    return undefined;
  }
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    // The library compares each key with all others, which takes minutes for a large map; `Reader` looks itself.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  for (const { pos, code, message } of document.errors) {
    const sentence =
      code === 'RESOURCE_EXHAUSTION' ? 'Lists and maps are nested too deeply' : message.replace(/\.$/, '');
    problems.add(pos[0], 'YAML_SYNTAX', `${sentence}.`);
  }
  if (document.directives.yaml.explicit || /^%/m.test(text.slice(0, document.contents?.range[0] ?? 0))) {
    problems.add(0, 'YAML_UNSUPPORTED', 'Directives such as %YAML are not supported.');
  }
  return document.contents === null ? undefined : new Reader(text, problems).read(document.contents, 0);
}

class Reader {
  readonly #text: string;
  readonly #problems: Problems;
  readonly #anchors = new Map<string, ParsedNode>();
  #nodes = 0;
  #aliases = 0;

  constructor(text: string, problems: Problems) {
    this.#text = text;
    this.#problems = problems;
  }

  /** undefined for what can't be read; a problem tells why. */
  read(node: ParsedNode, depth: number): Value | undefined {
    const [at, end] = node.range;
    if (depth > DEPTH_MAX) return this.#refuse(at, `Lists and maps are nested more than ${DEPTH_MAX} levels deep.`);
    this.#nodes += 1;
    if (this.#nodes > NODES_MAX) {
      if (this.#nodes === NODES_MAX + 1) this.#problems.add(at, 'FILE_TOO_LARGE', `It holds over ${NODES_MAX} values.`);
      return undefined;
    }
    if (isAlias(node)) return this.#readAlias(node.source, at, depth);
    if (node.tag !== undefined) return this.#refuse(at, `Tags such as ${node.tag} are not supported.`);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isSeq(node)) {
      return { kind: 'list', at, items: node.items.flatMap((item) => this.read(item, depth + 1) ?? []) };
    }
    if (isMap(node)) return { kind: 'map', at, entries: this.#readEntries(node.items, depth) };
    return { kind: 'scalar', at, value: this.#scalarOf(node, at), raw: this.#text.slice(at, end), style: node.type };
  }

  #readAlias(name: string, at: Offset, depth: number): Value | undefined {
    this.#aliases += 1;
    if (this.#aliases > ALIASES_MAX) return this.#refuse(at, `There are more than ${ALIASES_MAX} aliases.`);
    const node = this.#anchors.get(name);
    return node ? this.read(node, depth + 1) : this.#refuse(at, `There is no anchor ${name} before this alias.`);
  }

  #readEntries(items: readonly { key: ParsedNode; value: ParsedNode | null }[], depth: number): readonly Entry[] {
    const seen = new Set<string>();
    return items.flatMap(({ key, value }) => {
      const at = key.range[0];
      if (!isScalar(key) || key.tag !== undefined || key.value === null) {
        this.#refuse(at, 'A key has to be text.');
        return [];
      }
      const name = String(key.value);
      // In quotes it is a key like any other.
      if (name === '<<' && key.type === 'PLAIN') {
        this.#refuse(at, 'Merges (<<) are not supported.');
        return [];
      }
      if (!this.#isText(name, at)) return [];
      if (seen.has(name)) {
        this.#problems.add(at, 'DUPLICATE_KEY', `The key ${name} is there twice.`);
        return [];
      }
      seen.add(name);
      const nothing = { kind: 'scalar', at, value: null, raw: '', style: undefined } as const;
      const read = value === null ? nothing : this.read(value, depth + 1);
      return read ? [{ key: name, at, value: read }] : [];
    });
  }

  #scalarOf({ value }: Scalar, at: Offset): ScalarValue['value'] {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.#problems.add(at, 'WRONG_VALUE', 'A number has to be finite.');
      return 0;
    }
    if (typeof value === 'string') return this.#isText(value, at) ? value : '';
    if (value === null || ['number', 'boolean'].includes(typeof value)) return value as ScalarValue['value'];
    return String(value);
  }

  /** An escape such as "\ud800" can write what no file in UTF-8 could hold. */
  #isText(text: string, at: Offset): boolean {
    if (text.isWellFormed()) return true;
    this.#problems.add(at, 'WRONG_VALUE', 'A text holds half of a surrogate pair, which is no character of Unicode.');
    return false;
  }

  #refuse(at: Offset, message: string): undefined {
    this.#problems.add(at, 'YAML_UNSUPPORTED', message);
  }
}
