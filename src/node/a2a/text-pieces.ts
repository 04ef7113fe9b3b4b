import type { SkillEvent } from './agent-skill.ts'

/** Characters that are held before they are told. */
const PIECE_LENGTH_MAX = 8_192

type TextEvent = Extract<SkillEvent, { readonly type: 'text' }>

/** Text that a model sends in one go is told in one event: what follows at once is joined, and nothing waits longer than until the event loop is free. */
export class TextPieces {
  readonly #tell: (event: SkillEvent) => void
  #pending: TextEvent | undefined
  #planned: NodeJS.Immediate | undefined

  constructor(tell: (event: SkillEvent) => void) {
    this.#tell = tell
  }

  take(event: SkillEvent): void {
    if (event.type !== 'text') {
      this.flush()
      this.#tell(event)
      return
    }
    if (this.#pending !== undefined && this.#pending.artifactId !== event.artifactId) this.flush()
    this.#pending = { ...event, text: (this.#pending?.text ?? '') + event.text }
    if (this.#pending.text.length >= PIECE_LENGTH_MAX) this.flush()
    else this.#planned ??= setImmediate(() => this.flush())
  }

  /** Tells what is held. */
  flush(): void {
    clearImmediate(this.#planned)
    this.#planned = undefined
    const event = this.#pending
    this.#pending = undefined
    if (event !== undefined) this.#tell(event)
  }
}
