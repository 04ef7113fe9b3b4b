import { CodedError } from '../../base/errors.ts'
import { honestShareOf, type NotarySet } from '../../core/notary/notary-set.ts'
import type { Transport } from '../../ports/transport.ts'
import { decodePart, encodeQuestion, NOTARY_PROTOCOL, type NotaryQuestion } from '../../wire/v1/notary-questions.ts'
import { hashOfText } from '../../wire/v1/signing-bytes.ts'
import { unreachable, withoutCertificate, wrong } from './remote-answers.ts'

type WithoutPart<Question> = Question extends NotaryQuestion ? Omit<Question, 'part'> : never
export type Asked = WithoutPart<NotaryQuestion>

export type SetQuestionsInit = {
  readonly set: NotarySet
  /** Longest wait for one member, milliseconds. */
  readonly timeoutMs: number
}

type AnyInit<Answer> = {
  /** Reads an answer; throws for one that does not hold, and the next member is asked. */
  readonly read: (value: unknown) => Answer
  readonly signal: AbortSignal | undefined
}

type AlikeInit = {
  /** Whether what is not alike holds as well: signatures, of which each quorum has its own. Absent: there are none. */
  readonly isRight?: (value: unknown) => boolean
  readonly signal: AbortSignal | undefined
}

/** Parts of one answer at most: 256 MiB of text. */
const PARTS_MAX = 1_024
/** Times that members are compared whose answers differ because the books move meanwhile. */
const ROUNDS_MAX = 3
/** Longest wait for one member with an envelope: whoever takes it and says nothing costs no more than this, where deadlines are half a minute away. */
const SUBMIT_MS_MAX = 8_000

/** Questions to the members of a set: to one after the other, or to all until enough of them say the same. No member can make the asker wait by its silence alone, where others answer. */
export class SetQuestions {
  /** Who is asked first: whoever answered last. */
  first = 0
  private readonly transport: Transport
  private readonly init: SetQuestionsInit

  constructor(transport: Transport, init: SetQuestionsInit) {
    this.transport = transport
    this.init = init
  }

  membersInTurn(): readonly number[] {
    const { length } = this.init.set.members
    return Array.from({ length }, (_, index) => (this.first + index) % length)
  }

  /** What one member answers to an envelope. */
  async submit(member: number, envelope: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return await this.ask(member, { body: envelope, timeoutMs: Math.min(SUBMIT_MS_MAX, this.init.timeoutMs) }, signal)
  }

  /** What one member says, whatever that is. */
  async one(member: number, question: Asked, signal: AbortSignal | undefined): Promise<unknown> {
    return await this.whole(member, question, signal)
  }

  /** The first answer that holds, of one member after the other. Throws `NOTARY_UNREACHABLE`, and what a member says that the set does not have. */
  async any<Answer>(question: Asked, { read, signal }: AnyInit<Answer>): Promise<Answer> {
    const causes: unknown[] = []
    for (const member of this.membersInTurn()) {
      try {
        const answer = read(await this.whole(member, question, signal))
        this.first = member
        return answer
      } catch (cause: unknown) {
        signal?.throwIfAborted()
        // Nobody else could say it better.
        if (this.init.set.members.length === 1 && CodedError.is(cause, 'NOTARY_ANSWER_WRONG')) throw cause
        if (CodedError.is(cause, 'LEDGER_ENTRY_UNKNOWN') || CodedError.is(cause, 'LEDGER_ENTRY_PRUNED')) throw cause
        causes.push(cause)
      }
    }
    throw unreachable(this.init.set, causes)
  }

  /** What `f + 1` members say alike, signatures apart, as soon as so many have. Throws `NOTARY_UNREACHABLE`. */
  async alike(question: Asked, { isRight = () => true, signal }: AlikeInit): Promise<unknown> {
    if (honestShareOf(this.init.set) === 1) {
      const read = (value: unknown): unknown => {
        if (isRight(value)) return value
        throw new CodedError('NOTARY_ANSWER_WRONG', { message: `What is said about ${question.about} does not hold` })
      }
      return await this.any(question, { read, signal })
    }
    const causes: unknown[] = []
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const found = await this.compare(question, { isRight, signal, causes })
      signal?.throwIfAborted()
      if (found !== undefined) return found.value
    }
    throw unreachable(this.init.set, causes)
  }

  /** Asks all, and hears no more of them once enough have said the same. */
  private async compare(
    question: Asked,
    { isRight, signal, causes }: Required<AlikeInit> & { readonly causes: unknown[] },
  ): Promise<{ readonly value: unknown } | undefined> {
    const needed = honestShareOf(this.init.set)
    const enough = new AbortController()
    const ended = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal])
    const said = new Map<string, unknown[]>()
    return await new Promise((resolve) => {
      const members = this.membersInTurn()
      let left = members.length
      const take = (value: unknown): void => {
        const key = withoutCertificate(value)
        const group = [...(said.get(key) ?? []), value]
        said.set(key, group)
        const right = group.length >= needed ? group.findIndex((one) => isRight(one)) : -1
        if (right < 0) return
        resolve({ value: group[right] })
        enough.abort(new CodedError('NETWORK_CLOSED', { message: 'Enough members have answered' }))
      }
      for (const member of members)
        this.whole(member, question, ended)
          .then(take)
          .catch((cause: unknown) => causes.push(cause))
          .finally(() => {
            left -= 1
            if (left === 0) resolve(undefined)
          })
    })
  }

  private async whole(member: number, question: Asked, signal: AbortSignal | undefined): Promise<unknown> {
    const { timeoutMs } = this.init
    let text = ''
    let whole: string | undefined
    for (let part = 0, parts = 1; part < parts; part += 1) {
      const body = encodeQuestion({ ...question, part })
      const answer = decodePart(await this.ask(member, { body, timeoutMs }, signal))
      if (answer === undefined || answer.parts > PARTS_MAX || (whole !== undefined && answer.hash !== whole))
        throw wrong(member, 'parts that do not belong together')
      ;({ parts } = answer)
      whole = answer.hash
      text += answer.text
    }
    if (hashOfText(text) !== whole) throw wrong(member, 'a hash of something else')
    return (JSON.parse(text) as { readonly answer: unknown }).answer
  }

  private async ask(
    member: number,
    question: { readonly body: Uint8Array; readonly timeoutMs: number },
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const key = this.init.set.members[member]?.key
    if (key === undefined) throw wrong(member, 'not of the set')
    return await this.transport.request(key, { protocol: NOTARY_PROTOCOL, ...question }, { signal })
  }
}
