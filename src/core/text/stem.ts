const DOUBLED = /([b-df-hj-kmnp-rtv-y])\1$/

/**
 * A word without the commonest English inflections: plural, -ing, -ed, -ly and a final e. Light on purpose: it joins "notes" and "note",
 * "loving" and "love", and leaves words of three letters or fewer alone. `word` in lower case.
 */
export function stemOf(word: string): string {
  if (word.length <= 3) return word
  let stem = withoutPlural(word)
  if (stem.endsWith('ing') && stem.length > 5) stem = undoubled(stem.slice(0, -3))
  else if (stem.endsWith('ed') && stem.length > 4 && !stem.endsWith('eed')) stem = undoubled(stem.slice(0, -2))
  else if (stem.endsWith('ly') && stem.length > 5) stem = stem.slice(0, -2)
  if (stem.endsWith('e') && stem.length > 3) stem = stem.slice(0, -1)
  return stem.endsWith('y') && stem.length > 3 ? `${stem.slice(0, -1)}i` : stem
}

function withoutPlural(word: string): string {
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`
  if (/(?:ss|x|ch|sh)es$/.test(word)) return word.slice(0, -2)
  return word.endsWith('s') && !/[sui]s$/.test(word) ? word.slice(0, -1) : word
}

/** "running" is "run" and an n; "falling" keeps its ll. */
function undoubled(stem: string): string {
  return stem.length > 2 && DOUBLED.test(stem) ? stem.slice(0, -1) : stem
}
