import { randomUUID } from 'node:crypto'
import { Role, type Part } from '@a2a-js/sdk'
import { CodedError } from '../../../base/errors.ts'
import { hashOfBytes } from '../../../market/parties/contracts/task-package.ts'
import type { MarketWorker, WorkOptions } from '../../../market/parties/role/market-worker.ts'
import { callerOfPayer } from '../../market/payer-tenant.ts'
import type { AgentSkill, SkillEvent } from '../agent-skill.ts'
import { textOf, textPart } from '../filed-task.ts'
import { PAID_AGENT } from './paid-agent.ts'
import type { PaidRuns } from './paid-runs.ts'
import { decodePaidInput, encodePaidOutput, type PaidArtifact, type PaidInput } from './task-documents.ts'

export type PaidWorkerInit = {
  /** The skills that have a price, as they work without one. */
  readonly skills: readonly AgentSkill[]
  readonly runs: PaidRuns
  /** Whether a task of this node was cancelled, also before its last start. */
  readonly isCanceled: (taskId: string) => Promise<boolean>
  /** Told of work on a task that was cancelled before it began: its contract holds a price for nothing. */
  readonly onCanceled: (input: PaidInput) => void
  /** What one work may make, bytes. */
  readonly taskBytesMax: number
}

/**
 * Does the work of paid skills for the market: a task's document in, its artefacts out. It is done as a tenant of the payer, and may be done again after a crash. A skill
 * that does not complete delivers nothing, and is not paid; nor does a task that was cancelled.
 */
export function createPaidWorker({ skills, runs, isCanceled, onCanceled, taskBytesMax }: PaidWorkerInit): MarketWorker {
  return async (bytes, options) => {
    const name = hashOfBytes(bytes)
    const run = runs.begin(name)
    try {
      const input = decodePaidInput(bytes)
      const skill = skills.find(({ id }) => id === input?.skill)
      if (input === undefined || skill === undefined)
        throw new CodedError('REQUEST_INVALID', { message: 'The input is no task of a skill that has a price here' })
      if (await isCanceled(input.taskId)) {
        runs.giveUp(name)
        onCanceled(input)
      }
      const signal = AbortSignal.any([options.signal, run.signal])
      signal.throwIfAborted()
      const result = await work(skill, input, { ...options, signal, taskBytesMax })
      run.made()
      return result
    } catch (error: unknown) {
      if (run.signal.aborted) throw run.signal.reason
      if (!options.signal.aborted) runs.fail(name, failureOf(error))
      throw error
    } finally {
      run.end()
    }
  }
}

function failureOf(error: unknown): CodedError {
  if (CodedError.is(error, 'A2A_PAID_WORK_FAILED')) return error
  const what = CodedError.is(error) ? `${error.code}: ${error.message}` : 'the node failed to work on it'
  return new CodedError('A2A_PAID_WORK_FAILED', { message: `Nothing was delivered: ${what}`, cause: error })
}

async function work(
  skill: AgentSkill,
  { taskId, parts }: PaidInput,
  { signal, payer, progress, taskBytesMax }: WorkOptions & Pick<PaidWorkerInit, 'taskBytesMax'>,
): Promise<Uint8Array> {
  const made = new MadeArtifacts(taskBytesMax)
  // Done again, it is another task of the records.
  const [ownId, contextId] = [randomUUID(), randomUUID()]
  const outcome = await skill.run({
    taskId: ownId,
    contextId,
    message: {
      messageId: ownId,
      contextId,
      taskId: ownId,
      role: Role.ROLE_USER,
      parts: [...parts],
      metadata: { skill: skill.id },
      extensions: [],
      referenceTaskIds: [],
    },
    history: [],
    earlier: [],
    caller: callerOfPayer(payer, `${PAID_AGENT}/${skill.id}`),
    controls: {},
    signal,
    emit(event) {
      if (event.type === 'progress') progress({ text: event.text })
      else made.take(event)
    },
  })
  signal.throwIfAborted()
  if (outcome.state !== 'completed') {
    const said = outcome.state === 'message' ? textOf(outcome.parts) : (outcome.text ?? textOf(outcome.parts ?? []))
    throw new CodedError('A2A_PAID_WORK_FAILED', {
      message: `The skill ${skill.id} ended as ${outcome.state}: ${said.slice(0, 300)}`,
    })
  }
  return encodePaidOutput({ taskId, artifacts: made.list() })
}

type Made = Exclude<SkillEvent, { readonly type: 'progress' }>

/** Artefacts as they are made, in the order of their beginnings. */
class MadeArtifacts {
  readonly #made = new Map<string, { readonly name: string; readonly texts: string[]; readonly parts: Part[] }>()
  #room: number

  constructor(bytesMax: number) {
    this.#room = bytesMax
  }

  /** Throws `A2A_ANSWER_TOO_LARGE`. */
  take(event: Made): void {
    this.#room -= JSON.stringify(event).length
    if (this.#room < 0) throw new CodedError('A2A_ANSWER_TOO_LARGE', { message: 'The task made too much' })
    const known = this.#made.get(event.artifactId)
    const isAnew = event.type === 'artifact' && event.isAppended !== true
    const one = known === undefined || isAnew ? { name: event.name ?? known?.name ?? '', texts: [], parts: [] } : known
    this.#made.set(event.artifactId, one)
    if (event.type === 'text') one.texts.push(event.text)
    else one.parts.push(...event.parts)
  }

  list(): readonly PaidArtifact[] {
    return [...this.#made].map(([artifactId, { name, texts, parts }]) => ({
      artifactId,
      name,
      parts: [...(texts.length === 0 ? [] : [textPart(texts.join(''))]), ...parts],
    }))
  }
}
