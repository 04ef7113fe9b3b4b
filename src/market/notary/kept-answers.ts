import type { AnswerText } from '../../wire/v1/notary-questions.ts'

/** Characters of answers that are kept at most. */
const CHARACTERS_MAX = 16_777_216

/** Long answers whose other parts somebody is about to fetch: made once and not for every part. The oldest go first; who comes too late begins again. */
export class KeptAnswers {
  private readonly answers = new Map<string, AnswerText>()
  private characters = 0

  /** The answer to a question, of the same asker, from its second part on. */
  find(key: string): AnswerText | undefined {
    return this.answers.get(key)
  }

  keep(key: string, answer: AnswerText): void {
    this.drop(key)
    if (answer.parts < 2) return
    this.answers.set(key, answer)
    this.characters += answer.text.length
    for (const oldest of this.answers.keys()) {
      if (this.characters <= CHARACTERS_MAX) break
      if (oldest !== key) this.drop(oldest)
    }
  }

  drop(key: string): void {
    this.characters -= this.answers.get(key)?.text.length ?? 0
    this.answers.delete(key)
  }
}
