import type { Tokenizer } from '../ports/tokenizer.ts'

type CountTokens = (text: string) => number

/** Beyond this the vocabulary's merge loop is slower than a provider's answer; longer texts are counted in slices, which moves the count by a token per cut. */
const SLICE_CHARACTERS = 65_536

/**
 * The `o200k_base` vocabulary of recent OpenAI models, loaded at the first count (about 2 MB and 150 ms). For other model families
 * its count is an estimate, and is marked so.
 */
export function createO200kTokenizer(): Tokenizer {
  let loading: Promise<CountTokens> | undefined
  return {
    name: 'o200k_base',
    async count(text) {
      if (text === '') return 0
      loading ??= loadVocabulary()
      const countTokens = await loading
      let total = 0
      for (let start = 0; start < text.length; start += SLICE_CHARACTERS) {
        total += countTokens(text.slice(start, start + SLICE_CHARACTERS))
      }
      return total
    },
  }
}

/** Special tokens in a prompt are ordinary text here: a prompt that spells `<|endoftext|>` must not fail its own metering. */
async function loadVocabulary(): Promise<CountTokens> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base')
  return (text) => countTokens(text, { disallowedSpecial: new Set<string>() })
}
