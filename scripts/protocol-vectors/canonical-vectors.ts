import { utf8Bytes } from '../../src/core/text/encode-utf8.ts'
import { canonicalText } from '../../src/wire/v1/canonical.ts'
import { hex } from './vector-kit.ts'
import type { Vector } from './vector.ts'

function right(name: string, value: unknown): Vector {
  return { kind: 'canonical', name, bytes: hex(utf8Bytes(canonicalText(value))), value }
}

function wrong(name: string, code: string, text: string): Vector {
  return { kind: 'canonical-refused', name, bytes: hex(utf8Bytes(text)), code }
}

function wrongBytes(name: string, code: string, bytes: string): Vector {
  return { kind: 'canonical-refused', name, bytes, code }
}

/** A value inside as many arrays. */
function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`
}

export function canonicalVectors(): readonly Vector[] {
  return [
    right('an empty object', {}),
    right('an empty array', []),
    right('members by their UTF-16 units', { b: 1, a: 2, B: 3, '10': 4, '1': 5, '2': 6, _: 7 }),
    right('the largest and the smallest integer', [9_007_199_254_740_991, -9_007_199_254_740_991, 0]),
    right('escapes in their short forms', '\b\t\n\f\r"\\'),
    right('control characters in their long form', '\u0000\u001f\u000b'),
    right('what needs no escape', '/\u007f\u0080\u2028\u2029\ufeff'),
    right('letters beyond ASCII', 'ä€😀'),
    right('no normal form is imposed', ['\u00e9', 'e\u0301']),
    right('booleans', [true, false]),
    right('sixteen levels', JSON.parse(nested(16))),
    wrong('seventeen levels', 'ENVELOPE_TOO_DEEP', nested(17)),
    wrong('a thousand brackets', 'ENVELOPE_TOO_DEEP', '['.repeat(1_000)),
    wrong(
      '129 members',
      'ENVELOPE_TOO_MANY_MEMBERS',
      canonicalText(Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`k${index}`, 1]))),
    ),
    wrong('1,025 items', 'ENVELOPE_TOO_MANY_MEMBERS', `[${'1,'.repeat(1_024)}1]`),
    wrong('a name beyond ASCII', 'ENVELOPE_KEY_REFUSED', '{"ä":1}'),
    wrong('an empty name', 'ENVELOPE_KEY_REFUSED', '{"":1}'),
    wrong('an upper-case escape', 'ENVELOPE_NOT_CANONICAL', String.raw`"\u001F"`),
    wrong('an escape that has a short form', 'ENVELOPE_NOT_CANONICAL', String.raw`"\u000a"`),
    wrong('a solidus escaped', 'ENVELOPE_NOT_CANONICAL', String.raw`"\/"`),
    wrong('a surrogate pair escaped', 'ENVELOPE_NOT_CANONICAL', String.raw`"\ud83d\ude00"`),
    wrong('the halves of a pair in the wrong order', 'ENVELOPE_SURROGATE_LONE', String.raw`"\ude00\ud83d"`),
    wrong('a tab in a string', 'ENVELOPE_NOT_JSON', '"\t"'),
    wrong('a comma too many', 'ENVELOPE_NOT_JSON', '[1,]'),
    wrong('a comment', 'ENVELOPE_NOT_JSON', '[1/**/]'),
    wrong('a plus sign', 'ENVELOPE_NOT_JSON', '[+1]'),
    wrong('a hexadecimal number', 'ENVELOPE_NOT_JSON', '[0x1]'),
    wrong('not a number', 'ENVELOPE_NOT_JSON', '[NaN]'),
    wrongBytes('an overlong slash', 'ENVELOPE_NOT_UTF8', '22c0af22'),
    wrongBytes('a surrogate in UTF-8', 'ENVELOPE_NOT_UTF8', '22eda08022'),
    wrongBytes('a code point above U+10FFFF', 'ENVELOPE_NOT_UTF8', '22f490808022'),
    wrongBytes('a sequence cut by the end', 'ENVELOPE_NOT_UTF8', '22e282'),
  ]
}
