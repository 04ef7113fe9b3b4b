import { type Task, TaskState } from '@a2a-js/sdk'
import { describe, expect, it } from 'vitest'
import type { AgentSkill, SkillCancellation } from '../../../src/node/a2a/agent-skill.ts'
import { createScriptedNode, keyOf, startGateway } from '../scripted-node.ts'
import { answerOf, BINDINGS, messageOf, openClient, sendOf, taskOf } from './official-client.ts'

const base = { name: 'Sample', description: 'For tests', tags: ['test'] }
const DONE = { text: 'It is over.', metadata: { became: 'nothing' } }

/** A skill that has a say in whether its tasks are cancelled; what it is asked waits in `asked`. */
function createHolder({ isWaiting = false } = {}) {
  const begun = Promise.withResolvers<void>()
  const work = Promise.withResolvers<void>()
  const signals: AbortSignal[] = []
  const asked: { taskId: string; answer: (cancellation: SkillCancellation) => void }[] = []
  const heard: (() => void)[] = []
  const skill: AgentSkill = {
    ...base,
    id: 'holder',
    run: async ({ signal, emit }) => {
      signals.push(signal)
      begun.resolve()
      if (isWaiting) return { state: 'input-required', text: 'More?' }
      await work.promise
      emit({ type: 'text', artifactId: 'a', text: 'made' })
      return { state: 'completed' }
    },
    cancel: async ({ taskId }) => {
      const { promise, resolve } = Promise.withResolvers<SkillCancellation>()
      asked.push({ taskId, answer: resolve })
      heard.shift()?.()
      return await promise
    },
  }
  const untilAsked = async (): Promise<void> =>
    asked.length > 0 ? undefined : await new Promise((resolve) => heard.push(resolve))
  return {
    skill,
    begun: begun.promise,
    finish: work.resolve,
    fail: () => work.reject(new Error('broken')),
    signals,
    asked,
    untilAsked,
  }
}

const canceled = (finish = async () => await Promise.resolve(DONE)): SkillCancellation => ({ kind: 'canceled', finish })
const TOO_LATE: SkillCancellation = { kind: 'too-late', text: 'It is on its way.' }
const at = (id: string) => ({ tenant: '', id, metadata: undefined })

describe.each(BINDINGS)('cancelling a task whose skill has a say, over %s', (binding) => {
  it('asks the skill that has a say, also where the last message was for another one', async () => {
    const holder = createHolder({ isWaiting: true })
    const other: AgentSkill = {
      ...base,
      id: 'other',
      run: async () => await Promise.resolve({ state: 'input-required', text: 'And?' }),
    }
    const node = createScriptedNode({ a2a: { skills: ['other', 'holder'] } })
    await using running = await startGateway(node, { agentSkills: [other, holder.skill] })
    const client = await openClient(running.url, binding)
    const { id } = taskOf(await client.sendMessage(sendOf(messageOf('Go', { metadata: { skill: 'holder' } }))))
    await client.sendMessage(sendOf(messageOf('On', { taskId: id })))
    const canceling = client.cancelTask(at(id))
    await holder.untilAsked()
    holder.asked[0]?.answer(canceled())
    expect((await canceling).status?.state).toBe(TaskState.TASK_STATE_CANCELED)
  })

  it('stops the work before anything else, and says what became of it, also to who waits for the task', async () => {
    const holder = createHolder()
    const node = createScriptedNode({ a2a: { runningMax: 1 } })
    await using running = await startGateway(node, { agentSkills: [holder.skill] })
    const client = await openClient(running.url, binding)
    const blocked = client.sendMessage(sendOf(messageOf('Go', { metadata: { skill: 'holder' } })))
    await holder.begun
    const id = (await client.listTasks(listOf())).tasks[0]?.id ?? ''
    const canceling = client.cancelTask(at(id))
    await holder.untilAsked()
    expect([holder.asked[0]?.taskId, holder.signals[0]?.aborted]).toEqual([id, false])
    const stopped = Promise.withResolvers<boolean>()
    holder.asked[0]?.answer(
      canceled(async () => {
        stopped.resolve(holder.signals[0]?.aborted === true)
        // What the skill does now changes nothing any more.
        holder.finish()
        await new Promise((resolve) => setImmediate(resolve))
        return DONE
      }),
    )
    expect(await stopped.promise).toBe(true)
    const told = await canceling
    for (const task of [told, taskOf(await blocked), await client.getTask({ tenant: '', id })])
      expect(shown(task)).toEqual([TaskState.TASK_STATE_CANCELED, 'It is over.', DONE.metadata, ''])
    // Its place is free again.
    expect(answerOf(taskOf(await client.sendMessage(sendOf(messageOf('Other')))))).toBe('Hello there')
  })

  it('changes nothing where it is too late: the task ends by itself', async () => {
    const holder = createHolder()
    await using running = await startGateway(createScriptedNode(), { agentSkills: [holder.skill] })
    const client = await openClient(running.url, binding)
    const blocked = client.sendMessage(sendOf(messageOf('Go', { metadata: { skill: 'holder' } })))
    await holder.begun
    const id = (await client.listTasks(listOf())).tasks[0]?.id ?? ''
    const refused = expect(client.cancelTask(at(id))).rejects.toMatchObject({ name: 'TaskNotCancelableError' })
    await holder.untilAsked()
    holder.asked[0]?.answer(TOO_LATE)
    await refused
    expect(holder.signals[0]?.aborted).toBe(false)
    holder.finish()
    const task = taskOf(await blocked)
    expect([task.status?.state, answerOf(task)]).toEqual([TaskState.TASK_STATE_COMPLETED, 'made'])
    // It has ended: the skill is not even asked.
    await expect(client.cancelTask(at(id))).rejects.toMatchObject({ name: 'TaskNotCancelableError' })
    expect(holder.asked).toHaveLength(1)
  })

  it.each([
    ['cancelled where the skill says so', 'finish', canceled(), [TaskState.TASK_STATE_CANCELED, 'It is over.']],
    ['cancelled also where it fails meanwhile', 'fail', canceled(), [TaskState.TASK_STATE_CANCELED, 'It is over.']],
    ['done where it is too late', 'finish', TOO_LATE, [TaskState.TASK_STATE_COMPLETED, undefined]],
  ] as const)('that ends while its skill is asked is %s', async (_what, how, cancellation, end) => {
    const holder = createHolder()
    await using running = await startGateway(createScriptedNode(), { agentSkills: [holder.skill] })
    const client = await openClient(running.url, binding)
    const blocked = client.sendMessage(sendOf(messageOf('Go', { metadata: { skill: 'holder' } })))
    await holder.begun
    const id = (await client.listTasks(listOf())).tasks[0]?.id ?? ''
    const canceling = client.cancelTask(at(id)).catch((error: unknown) => error)
    await holder.untilAsked()
    holder[how]()
    await new Promise((resolve) => setImmediate(resolve))
    holder.asked[0]?.answer(cancellation)
    expect(await canceling).toMatchObject(
      cancellation.kind === 'too-late' ? { name: 'TaskNotCancelableError' } : { status: { state: end[0] } },
    )
    expect(shown(taskOf(await blocked)).slice(0, 2)).toEqual(end)
  })

  it('is done once, however often it is asked for, and meanwhile the task takes no message', async () => {
    const holder = createHolder({ isWaiting: true })
    await using running = await startGateway(createScriptedNode(), { agentSkills: [holder.skill] })
    const client = await openClient(running.url, binding)
    const { id } = taskOf(await client.sendMessage(sendOf(messageOf('Go', { metadata: { skill: 'holder' } }))))
    const both = [client.cancelTask(at(id)), client.cancelTask(at(id))]
    await holder.untilAsked()
    await expect(client.sendMessage(sendOf(messageOf('More', { taskId: id })))).rejects.toMatchObject({
      name: 'UnsupportedOperationError',
    })
    let finished = 0
    for (const { answer } of holder.asked)
      answer(
        canceled(async () => {
          finished += 1
          return await Promise.resolve(DONE)
        }),
      )
    for (const task of await Promise.all(both))
      expect(shown(task)).toEqual([TaskState.TASK_STATE_CANCELED, 'It is over.', DONE.metadata, ''])
    expect(shown(await client.cancelTask(at(id)))[0]).toBe(TaskState.TASK_STATE_CANCELED)
    expect([holder.asked.length, finished]).toEqual([1, 1])
  })
})

it('a task of another tenant is not there, and its skill is not asked', async () => {
  const holder = createHolder({ isWaiting: true })
  const keys = [keyOf('sk-a', { id: 'a', tenant: 'acme' }), keyOf('sk-b', { id: 'b', tenant: 'other' })]
  await using running = await startGateway(createScriptedNode({ keys }), { agentSkills: [holder.skill] })
  const own = await openClient(running.url, 'JSONRPC', 'sk-a')
  const other = await openClient(running.url, 'JSONRPC', 'sk-b')
  const { id } = taskOf(await own.sendMessage(sendOf(messageOf('Go', { metadata: { skill: 'holder' } }))))
  await expect(other.cancelTask(at(id))).rejects.toMatchObject({ name: 'TaskNotFoundError' })
  expect(holder.asked).toEqual([])
})

it('a skill that fails to say what became of a task leaves it cancelled', async () => {
  const holder = createHolder({ isWaiting: true })
  await using running = await startGateway(createScriptedNode(), { agentSkills: [holder.skill] })
  const client = await openClient(running.url, 'JSONRPC')
  const { id } = taskOf(await client.sendMessage(sendOf(messageOf('Go', { metadata: { skill: 'holder' } }))))
  const canceling = client.cancelTask(at(id))
  await holder.untilAsked()
  holder.asked[0]?.answer(canceled(async () => await Promise.reject(new Error('secret of the program'))))
  const task = await canceling
  expect(shown(task).slice(0, 2)).toEqual([TaskState.TASK_STATE_CANCELED, 'The task was cancelled by its sender.'])
  expect(JSON.stringify(task)).not.toContain('secret')
})

function shown(task: Task): readonly unknown[] {
  const said = task.status?.message?.parts[0]?.content?.value
  return [task.status?.state, said, task.metadata, answerOf(task)]
}

function listOf() {
  return {
    tenant: '',
    contextId: '',
    status: TaskState.TASK_STATE_UNSPECIFIED,
    pageToken: '',
    statusTimestampAfter: undefined,
    pageSize: 10,
    historyLength: undefined,
    includeArtifacts: false,
  } as const
}
