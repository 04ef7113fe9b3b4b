/** A JSON value that remembers how its scalars were written, so that re-formatting never changes `1.0`, `1e2` or a long number. */
export type JsonNode =
  | { readonly kind: 'scalar'; /** The token as written. */ readonly source: string }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | {
      readonly kind: 'object'
      /** In document order; keys unescaped and unique. */ readonly members: readonly JsonMember[]
    }

export type JsonMember = { readonly key: string; readonly keySource: string; readonly value: JsonNode }

const DEPTH_MAX = 200
const SPACE = /[ \t\n\r]*/y
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const OTHER_SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y

type Cursor = { readonly text: string; at: number; depth: number }

/** Parses one JSON document (RFC 8259); `undefined` when it is malformed, too deep, or an object repeats a key. */
export function parseJsonDocument(text: string): JsonNode | undefined {
  const cursor: Cursor = { text, at: 0, depth: 0 }
  const node = readValue(cursor)
  skipSpace(cursor)
  return node === undefined || cursor.at !== text.length ? undefined : node
}

export type JsonPrefix = { readonly node: JsonNode; /** Where the document ends in the text. */ readonly end: number }

/** The JSON document that a text begins with, whatever follows it; `undefined` when there is none. */
export function parseJsonPrefix(text: string): JsonPrefix | undefined {
  const cursor: Cursor = { text, at: 0, depth: 0 }
  const node = readValue(cursor)
  return node === undefined ? undefined : { node, end: cursor.at }
}

function skipSpace(cursor: Cursor): void {
  SPACE.lastIndex = cursor.at
  SPACE.test(cursor.text)
  cursor.at = SPACE.lastIndex
}

function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at
  const match = pattern.exec(cursor.text)
  if (match === null) return undefined
  cursor.at = pattern.lastIndex
  return match[0]
}

function takeSymbol(cursor: Cursor, symbol: string): boolean {
  skipSpace(cursor)
  if (cursor.text[cursor.at] !== symbol) return false
  cursor.at += 1
  return true
}

function readValue(cursor: Cursor): JsonNode | undefined {
  if (takeSymbol(cursor, '{')) return nested(cursor, readObject)
  if (takeSymbol(cursor, '[')) return nested(cursor, readArray)
  const source = take(cursor, STRING) ?? take(cursor, OTHER_SCALAR)
  return source === undefined ? undefined : { kind: 'scalar', source }
}

function nested(cursor: Cursor, read: (cursor: Cursor) => JsonNode | undefined): JsonNode | undefined {
  cursor.depth += 1
  if (cursor.depth > DEPTH_MAX) return undefined
  const node = read(cursor)
  cursor.depth -= 1
  return node
}

function readArray(cursor: Cursor): JsonNode | undefined {
  const items: JsonNode[] = []
  if (takeSymbol(cursor, ']')) return { kind: 'array', items }
  for (;;) {
    const item = readValue(cursor)
    if (item === undefined) return undefined
    items.push(item)
    if (takeSymbol(cursor, ']')) return { kind: 'array', items }
    if (!takeSymbol(cursor, ',')) return undefined
  }
}

function readObject(cursor: Cursor): JsonNode | undefined {
  const members: JsonMember[] = []
  const keys = new Set<string>()
  if (takeSymbol(cursor, '}')) return { kind: 'object', members }
  for (;;) {
    skipSpace(cursor)
    const keySource = take(cursor, STRING)
    if (keySource === undefined || !takeSymbol(cursor, ':')) return undefined
    const key = unescapeJsonString(keySource)
    const value = readValue(cursor)
    if (value === undefined || keys.has(key)) return undefined
    keys.add(key)
    members.push({ key, keySource, value })
    if (takeSymbol(cursor, '}')) return { kind: 'object', members }
    if (!takeSymbol(cursor, ',')) return undefined
  }
}

/** The text of a JSON string token that has been checked. */
export function unescapeJsonString(source: string): string {
  return String(JSON.parse(source))
}

/** Without any white space. */
export function formatJsonCompact(node: JsonNode): string {
  switch (node.kind) {
    case 'scalar':
      return node.source
    case 'array':
      return `[${node.items.map(formatJsonCompact).join(',')}]`
    case 'object':
      return `{${node.members.map(({ keySource, value }) => `${keySource}:${formatJsonCompact(value)}`).join(',')}}`
  }
}

/** As `JSON.stringify(value, null, spaces)` lays it out. */
export function formatJsonPretty(node: JsonNode, spaces: number, depth = 0): string {
  const inner = ' '.repeat(spaces * (depth + 1))
  const outer = ' '.repeat(spaces * depth)
  switch (node.kind) {
    case 'scalar':
      return node.source
    case 'array': {
      const items = node.items.map((item) => inner + formatJsonPretty(item, spaces, depth + 1))
      return items.length === 0 ? '[]' : `[\n${items.join(',\n')}\n${outer}]`
    }
    case 'object': {
      const members = node.members.map(
        ({ keySource, value }) => `${inner}${keySource}: ${formatJsonPretty(value, spaces, depth + 1)}`,
      )
      return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${outer}}`
    }
  }
}
