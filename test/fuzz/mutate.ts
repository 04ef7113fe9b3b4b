import type { RandomStream } from '../../src/base/random-stream.ts'
import type { InputKind } from './discover.ts'
import { mutateBytes, randomBytes } from './mutate-bytes.ts'
import { mutateJson } from './mutate-json.ts'

/** Pieces that mean something to one reader or another, and pieces that are long. */
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ',',
  ':',
  '-',
  '+',
  '.',
  'e9',
  '/',
  '*',
  '(',
  ')',
  '|',
  '?',
  '%00',
  '%',
  '@',
  '#',
  '```',
  '\n',
  '\r\n',
  '\t',
  '\u0000',
  '\ud800',
  '\ufeff',
  '\u202e',
  'data: ',
  'null',
  'true',
  '__proto__',
  '1e400',
  '-0',
  '9'.repeat(30),
  '{0,99999}',
  '(a+)+',
  '[^',
  '\\u{',
  '0x',
  '::',
  '127.0.0.1',
  '=',
  'é',
  '😀',
]
const LONG_MAX = 60_000

/** A right input with one to six changes, one time in twelve something that nobody made right. */
export function mutateInput(
  kind: InputKind,
  [input, other]: readonly [unknown, unknown],
  random: RandomStream,
): unknown {
  if (kind === 'object') {
    const value = mutateInput('json', [input, other], random)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : input
  }
  if (random.nextBelow(12) === 0) return anything(kind, random)
  let changed = input
  for (let left = 1 + random.nextBelow(random.nextBelow(2) === 0 ? 2 : 6); left > 0; left -= 1)
    changed = mutateOnce(kind, [changed, other], random)
  return changed
}

function mutateOnce(kind: InputKind, [input, other]: readonly [unknown, unknown], random: RandomStream): unknown {
  if (kind === 'json') return mutateJson(input, other, random)
  if (kind === 'text') return mutateText(String(input), String(other), random)
  const bytes = input as Uint8Array
  if (random.nextBelow(2) === 0 && bytes.length < LONG_MAX) {
    const text = textOf(bytes)
    if (text !== undefined)
      return new Uint8Array(Buffer.from(mutateText(text, textOf(other as Uint8Array) ?? '', random)))
  }
  return mutateBytes(bytes, other as Uint8Array, random)
}

function mutateText(text: string, other: string, random: RandomStream): string {
  const json = random.nextBelow(2) === 0 ? jsonOf(text) : undefined
  if (json !== undefined) return asText(mutateJson(json.value, jsonOf(other)?.value, random)) ?? text
  const at = random.nextBelow(text.length + 1)
  const length = random.nextBelow(12)
  const piece = PIECES[random.nextBelow(PIECES.length)] ?? ''
  switch (random.nextBelow(8)) {
    case 0:
      return text.slice(0, at) + piece + text.slice(at)
    case 1:
      return text.slice(0, at) + piece + text.slice(at + Math.max(1, piece.length))
    case 2:
      return text.slice(0, at) + text.slice(at + length)
    case 3:
      return text.slice(0, at) + text.slice(at, at + length) + text.slice(at)
    case 4:
      return text.slice(0, at) + other.slice(random.nextBelow(other.length + 1))
    case 5:
      return text.slice(0, at) + String.fromCharCode(random.nextBelow(65_536)) + text.slice(at + 1)
    case 6:
      return random.nextBelow(8) === 0 ? stretched(text, at, random) : text.slice(0, at)
    default:
      return text.slice(0, at) + String.fromCharCode(32 + random.nextBelow(95)) + text.slice(at + 1)
  }
}

/** A part again and again, which finds what takes more than its share of time. */
function stretched(text: string, at: number, random: RandomStream): string {
  const piece = random.nextBelow(2) === 0 ? (PIECES[random.nextBelow(PIECES.length)] ?? '') : text.slice(at, at + 8)
  const times = Math.floor((random.nextBelow(4) === 0 ? LONG_MAX : 2_000) / Math.max(1, piece.length))
  return (text.slice(0, at) + piece.repeat(times) + text.slice(at)).slice(0, 2 * LONG_MAX)
}

function anything(kind: InputKind, random: RandomStream): unknown {
  const bytes = randomBytes(random, random.nextBelow(random.nextBelow(4) === 0 ? 2_000 : 40))
  if (kind === 'bytes') return bytes
  const pieces = Array.from({ length: random.nextBelow(12) }, () => PIECES[random.nextBelow(PIECES.length)])
  const text = random.nextBelow(2) === 0 ? pieces.join('') : Buffer.from(bytes).toString('utf8')
  return kind === 'text' ? text : mutateJson(text, [text, bytes.length], random)
}

/** `undefined` for what is too deep to be written down. */
function asText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('utf8')
  return Buffer.from(text).equals(bytes) ? text : undefined
}

function jsonOf(text: string): { readonly value: unknown } | undefined {
  if (!/^\s*[[{"]/.test(text)) return undefined
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}
