/**
 * Counts tokens where a provider reports none, so that metering can say "estimated" with a figure close to the truth. It is not for the
 * hot path (`estimateTokens` in core is), and its count is exact only for models that share its vocabulary.
 */
export interface Tokenizer {
  /** Name of the vocabulary, for example `o200k_base`. */
  readonly name: string
  /** Tokens of a text: a whole number, 0 for the empty text. The first call may load the vocabulary. */
  count(text: string): Promise<number>
}
