/**
 * What no screen shows and a tokenizer reads all the same: zero-width characters, marks of direction, soft hyphens, fillers, selectors of variants, and tags, which spell
 * whole sentences. `replace` and `matchAll` begin at the start and keep no place in it.
 */
export const INVISIBLE: RegExp = new RegExp(
  [
    String.raw`[\u00ad\u061c\u180e\u2060-\u206f\u200b-\u200f\u202a-\u202e\ufeff]`,
    // The joiner of graphemes and fillers of Hangul and Khmer.
    String.raw`\u034f|[\u115f\u1160\u3164\uffa0]|[\u17b4\u17b5]`,
    // Selectors of variants, and tags.
    String.raw`[\u180b-\u180d]|\u180f|[\ufe00-\ufe0f]|[\u{e0000}-\u{e0fff}]`,
  ].join('|'),
  'gu',
)
