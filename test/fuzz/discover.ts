import { listTypeScript, readRepositoryFile } from '../repo/repository.ts'

/** What a decoder is given: bytes of a file or a peer, a text, JSON that somebody else has read, or such JSON that is known to be an object. */
export type InputKind = 'bytes' | 'text' | 'json' | 'object'

/** An exported function whose name says that it reads what others wrote. */
export type FoundDecoder = {
  /** File without `src/` and ending, and the name: `wire/v1/envelope:decodeEnvelope`. */
  readonly name: string
  readonly file: string
  readonly exported: string
  /** Of the first parameter; `undefined` where it is of none of these. */
  readonly kind: InputKind | undefined
}

const DECLARATION = /^export (?:async )?(?:function\*?|const) ((?:decode|parse|read)[A-Z0-9]\w*)(.*)$/gm
const KINDS: readonly (readonly [RegExp, InputKind])[] = [
  [/^(?:Uint8Array|Buffer)\b/, 'bytes'],
  [/^string\b(?!\[)/, 'text'],
  [/^(?:unknown|JsonValue|Json|IpldValue)\b/, 'json'],
  [/^(?:JsonObject|JsonRecord|Readonly<Record<string, unknown>>)(?! \|)/, 'object'],
]

/** Every function of `src` that is called `decode…`, `parse…` or `read…`, in the order of the files; overloads count once. */
export function findDecoders(): readonly FoundDecoder[] {
  const found = new Map<string, FoundDecoder>()
  for (const file of listTypeScript('src')) {
    const source = readRepositoryFile(file)
    for (const match of source.matchAll(DECLARATION)) {
      const exported = match[1] ?? ''
      const name = `${file.replace(/^src\//, '').replace(/\.ts$/, '')}:${exported}`
      const kind = kindOf(source.slice(match.index + match[0].length - (match[2] ?? '').length))
      const known = found.get(name)
      // An overloaded function has no single kind of input.
      found.set(name, { name, file, exported, kind: known === undefined ? kind : undefined })
    }
  }
  return [...found.values()]
}

/** Kind of the first parameter. */
function kindOf(rest: string): InputKind | undefined {
  const open = rest.indexOf('(')
  const reader = /^: Reader</.exec(rest)
  if (reader !== null) return 'json'
  if (open < 0) return undefined
  const [first] = splitParameters(rest.slice(open + 1))
  if (first === undefined) return undefined
  const type = /^(?:\w+|\{[^}]*\})\s*:\s*([\s\S]*)$/.exec(first.trim())?.[1] ?? ''
  return KINDS.find(([pattern]) => pattern.test(type.trim()))?.[1]
}

/** Texts of the parameters of a list that is already open. */
function splitParameters(text: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? ''
    if ('([{<'.includes(char)) depth += 1
    else if (depth === 0 && (char === ',' || char === ')')) {
      parts.push(text.slice(from, at))
      from = at + 1
      if (char === ')') break
    } else if (')]}'.includes(char) || (char === '>' && text[at - 1] !== '=')) depth -= 1
  }
  return parts.filter((part) => part.trim() !== '')
}
