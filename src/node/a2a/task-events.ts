import { randomUUID } from 'node:crypto'
import { Role, TaskState, type Message, type Part } from '@a2a-js/sdk'
import { AgentEvent, type AgentExecutionEvent, type RequestContext } from '@a2a-js/sdk/server'
import { textPart } from './filed-task.ts'
import type { SkillEvent, SkillOutcome } from './agent-skill.ts'
import type { JsonObjectValue } from './plain-json.ts'

type TaskOutcome = Exclude<SkillOutcome, { readonly state: 'message' }>

/** What is told of a task that was cancelled. */
export type CanceledTask = { readonly text: string; readonly metadata?: JsonObjectValue }

/** The task of a turn, and the message that began it. */
export type TurnPlace = Pick<RequestContext, 'taskId' | 'contextId' | 'task' | 'userMessage'>

const STATES: Readonly<Record<TaskOutcome['state'], TaskState>> = {
  completed: TaskState.TASK_STATE_COMPLETED,
  failed: TaskState.TASK_STATE_FAILED,
  rejected: TaskState.TASK_STATE_REJECTED,
  'input-required': TaskState.TASK_STATE_INPUT_REQUIRED,
  'auth-required': TaskState.TASK_STATE_AUTH_REQUIRED,
}

/** The events of one turn of a task, in the library's form. */
export class TaskEvents {
  readonly #taskId: string
  readonly #contextId: string
  readonly #context: TurnPlace
  readonly #now: () => string
  /** Artefacts whose first piece was told. */
  readonly #begun = new Set<string>()

  constructor(context: TurnPlace, now: () => string) {
    this.#taskId = context.taskId
    this.#contextId = context.contextId
    this.#context = context
    this.#now = now
  }

  /** The task as it is before anybody works on it. */
  submitted(): AgentExecutionEvent {
    const { task, userMessage } = this.#context
    return AgentEvent.task({
      id: this.#taskId,
      contextId: this.#contextId,
      status: { state: TaskState.TASK_STATE_SUBMITTED, message: undefined, timestamp: this.#now() },
      artifacts: [],
      history: task === undefined ? [userMessage] : [...task.history],
      metadata: undefined,
    })
  }

  working(text?: string): AgentExecutionEvent {
    return this.#status(TaskState.TASK_STATE_WORKING, { ...(text !== undefined && { parts: [textPart(text)] }) })
  }

  canceled({ text, metadata }: CanceledTask): AgentExecutionEvent {
    return this.#status(TaskState.TASK_STATE_CANCELED, {
      parts: [textPart(text)],
      ...(metadata !== undefined && { metadata }),
    })
  }

  outcome({ state, text, parts, metadata }: TaskOutcome): AgentExecutionEvent {
    const said = [...(text === undefined ? [] : [textPart(text)]), ...(parts ?? [])]
    return this.#status(STATES[state], {
      ...(said.length > 0 && { parts: said }),
      ...(metadata !== undefined && { metadata }),
    })
  }

  failed(text: string, metadata: JsonObjectValue): AgentExecutionEvent {
    return this.#status(TaskState.TASK_STATE_FAILED, { parts: [textPart(text)], metadata })
  }

  message(parts: readonly Part[]): AgentExecutionEvent {
    return AgentEvent.message({ ...this.#messageOf(parts), taskId: '' })
  }

  artifact(event: Extract<SkillEvent, { readonly type: 'artifact' | 'text' }>): AgentExecutionEvent {
    const { artifactId, name = '' } = event
    const parts = event.type === 'text' ? [textPart(event.text)] : [...event.parts]
    const isAppended = event.type === 'text' ? this.#begun.has(artifactId) : event.isAppended === true
    this.#begun.add(artifactId)
    return AgentEvent.artifactUpdate({
      taskId: this.#taskId,
      contextId: this.#contextId,
      artifact: { artifactId, name, description: '', parts, metadata: undefined, extensions: [] },
      append: isAppended,
      lastChunk: event.type === 'artifact' ? (event.isLast ?? event.isAppended !== true) : false,
      metadata: undefined,
    })
  }

  #status(
    state: TaskState,
    { parts, metadata }: { readonly parts?: readonly Part[]; readonly metadata?: JsonObjectValue },
  ): AgentExecutionEvent {
    return AgentEvent.statusUpdate({
      taskId: this.#taskId,
      contextId: this.#contextId,
      status: { state, message: parts && this.#messageOf(parts), timestamp: this.#now() },
      metadata: metadata === undefined ? undefined : { ...metadata },
    })
  }

  #messageOf(parts: readonly Part[]): Message {
    return {
      messageId: randomUUID(),
      contextId: this.#contextId,
      taskId: this.#taskId,
      role: Role.ROLE_AGENT,
      parts: [...parts],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    }
  }
}
