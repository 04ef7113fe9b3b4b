/** A way in which texts try to command a model. `words`: matched against `wordsOf` a text. `text`: against the text itself. */
export type InjectionRule = {
  readonly name: string
  readonly reads: 'words' | 'text'
  /** Points without a trained model; `RULES_THRESHOLD` of them is an injection. 0: only a feature of the model. */
  readonly points: number
  readonly pattern: RegExp
}

/** A gap of at most so many words. */
export const GAP = (most: number): string => String.raw`(?:\S+ ){0,${most}}?`

export function overWords(name: string, points: number, pattern: string): InjectionRule {
  return { name, reads: 'words', points, pattern: new RegExp(pattern, 'u') }
}

export function overText(name: string, points: number, pattern: RegExp): InjectionRule {
  return { name, reads: 'text', points, pattern }
}
