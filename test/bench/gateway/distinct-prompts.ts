const SYLLABLES = [
  'ba',
  'ce',
  'di',
  'fo',
  'gu',
  'ha',
  'je',
  'ki',
  'lo',
  'mu',
  'na',
  'pe',
  'ri',
  'so',
  'tu',
  'va',
  'we',
  'xi',
  'yo',
  'zu',
]

/** Bodies whose prompts share neither a number nor, by chance, more than a few words: no cache may find one like another. */
export class DistinctPrompts {
  #count = 0
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Bodies made so far. */
  get count(): number {
    return this.#count
  }

  next(model: string, isStreamed: boolean): string {
    this.#count += 1
    let words = ''
    for (let index = 0; index < 16; index += 1) words += `${this.#word()} `
    const prompt = `Tell me in your own words about ${words}and what follows for case ${this.#count}`
    return `{"model":"${model}","messages":[{"role":"user","content":"${prompt}"}]${isStreamed ? ',"stream":true' : ''}}`
  }

  #word(): string {
    // xorshift32: good enough to tell prompts apart, and the same in every run.
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    const draw = this.#state >>> 0
    return `${SYLLABLES[draw % 20]}${SYLLABLES[(draw >>> 8) % 20]}${SYLLABLES[(draw >>> 16) % 20]}`
  }
}
