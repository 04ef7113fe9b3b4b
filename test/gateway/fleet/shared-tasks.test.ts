import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Task, TaskState } from '@a2a-js/sdk'
import type { Client } from '@a2a-js/sdk/client'
import { afterEach, describe, expect, test } from 'vitest'
import { whyNoPostgres } from '../../storage/postgres/postgres-cluster.ts'
import { answerOf, BINDINGS, collect, messageOf, openClient, sendOf, taskOf, wordsOf } from '../a2a/official-client.ts'
import { startReceiver } from '../a2a/push-receiver.ts'
import { keyOf } from '../scripted-node.ts'
import type { FleetGateway, FleetStorage } from './fleet-gateways.ts'
import { keepFleet } from './keep-fleet.ts'
import { HeldSkill } from './held-skill.ts'

const reason = whyNoPostgres()
const CHILD = fileURLToPath(new URL('gateway-child.ts', import.meta.url))
const KEYS = [
  keyOf('sk-acme', { id: 'a', tenant: 'acme', role: 'member' }),
  keyOf('sk-other', { id: 'o', tenant: 'other', role: 'member' }),
]
const { TASK_STATE_WORKING: WORKING, TASK_STATE_COMPLETED: COMPLETED, TASK_STATE_CANCELED: CANCELED } = TaskState
const { TASK_STATE_FAILED: FAILED, TASK_STATE_INPUT_REQUIRED: ASKING } = TaskState
const SOON = { timeout: 10_000, interval: 10 }
const fleet = keepFleet(reason)
const open: FleetGateway[] = []

// Before the fleet is ended.
afterEach(() => {
  for (const { proxy } of open.splice(0)) proxy.isRefusing = false
})

/** A gateway with a skill of its own, and clients of two tenants at it. */
type Member = FleetGateway & { readonly held: HeldSkill; readonly client: Client; readonly stranger: Client }

type MemberInit = { readonly storage?: FleetStorage; readonly a2a?: object; readonly hasSay?: boolean }

async function join({ storage = {}, a2a = {}, hasSay = false }: MemberInit = {}): Promise<Member> {
  const held = new HeldSkill({ hasSay })
  const gateway = await fleet().gateway(storage, { keys: KEYS, a2a: { skills: ['held'], ...a2a } }, [held.skill])
  open.push(gateway)
  const client = await openClient(gateway.url, 'JSONRPC', 'sk-acme')
  const stranger = await openClient(gateway.url, 'JSONRPC', 'sk-other')
  return { ...gateway, held, client, stranger }
}

async function joinTwo(init: MemberInit = {}): Promise<readonly [Member, Member]> {
  return [await join(init), await join(init)]
}

async function begin({ client, held }: Member, more: object = {}): Promise<string> {
  const before = held.works.length
  const task = taskOf(await client.sendMessage(sendOf(messageOf('Go', more), { returnImmediately: true })))
  await expect.poll(() => held.works.length, SOON).toBe(before + 1)
  return task.id
}

const at = (id: string) => ({ tenant: '', id, metadata: undefined })
const all = {
  tenant: '',
  contextId: '',
  status: 0,
  pageToken: '',
  statusTimestampAfter: undefined,
  pageSize: 10,
} as const

async function stateAt({ client }: Member, id: string): Promise<TaskState | undefined> {
  return (await client.getTask(at(id))).status?.state
}

/** Follows a task; resolves once its stream has begun. */
async function follow({ client }: Member, id: string): Promise<{ readonly words: Promise<readonly string[]> }> {
  const events = client.resubscribeTask({ tenant: '', id })
  const first = await events.next()
  if (first.done === true) throw new Error('A stream without an event')
  const begun = wordsOf([first.value])
  return { words: collect(events).then((rest) => [...begun, ...wordsOf(rest)]) }
}

/** Ends the way to the server, as if the gateway were gone for it. */
function cutOff({ proxy }: FleetGateway): void {
  proxy.isRefusing = true
  proxy.cutAll()
}

const notFound = { name: 'TaskNotFoundError' }

describe.skipIf(reason !== undefined)('tasks of A2A at gateways on one PostgreSQL', { timeout: 60_000 }, () => {
  test.each(BINDINGS)('what one works on the others show, list and find, over %s', async (binding) => {
    const [one, two] = await joinTwo()
    const other = { ...two, client: await openClient(two.url, binding, 'sk-acme') }
    const id = await begin(one)
    await expect.poll(async () => await stateAt(other, id), SOON).toBe(WORKING)
    const listed = await other.client.listTasks(all)
    expect(listed.tasks.map((task) => [task.id, task.status?.state])).toEqual([[id, WORKING]])
    one.held.end(id)
    await expect.poll(async () => await stateAt(other, id), SOON).toBe(COMPLETED)
    expect(answerOf(await other.client.getTask(at(id)))).toBe('answer 1')
    // One that has ended is refused as by the gateway that worked on it.
    await expect(other.client.cancelTask(at(id))).rejects.toMatchObject({ name: 'TaskNotCancelableError' })
    await expect(collect(other.client.resubscribeTask({ tenant: '', id }))).rejects.toMatchObject({
      name: 'UnsupportedOperationError',
    })
  })

  test('a task of another tenant is not there, at whichever gateway', async () => {
    const [one, two] = await joinTwo()
    const id = await begin(one)
    for (const { stranger } of [one, two]) {
      await expect(stranger.getTask(at(id))).rejects.toMatchObject(notFound)
      await expect(stranger.cancelTask(at(id))).rejects.toMatchObject(notFound)
      await expect(collect(stranger.resubscribeTask({ tenant: '', id }))).rejects.toMatchObject(notFound)
      await expect(stranger.sendMessage(sendOf(messageOf('Mine', { taskId: id })))).rejects.toMatchObject(notFound)
      const config = { tenant: '', taskId: id, pageSize: 0, pageToken: '' }
      await expect(stranger.listTaskPushNotificationConfig(config)).rejects.toMatchObject(notFound)
      expect((await stranger.listTasks(all)).totalSize).toBe(0)
    }
    expect([await stateAt(one, id), one.held.works[0]?.signal.aborted]).toEqual([WORKING, false])
  })

  test('cancelling at another gateway ends the work, and everybody hears it', async () => {
    const [one, two] = await joinTwo()
    const blocked = one.client.sendMessage(sendOf(messageOf('Go')))
    await expect.poll(() => one.held.works.length, SOON).toBe(1)
    const id = one.held.works[0]?.taskId ?? ''
    await expect.poll(async () => await stateAt(two, id).catch(() => undefined), SOON).toBe(WORKING)
    const [followed, near] = [await follow(two, id), await follow(one, id)]
    const canceling = [two.client.cancelTask(at(id)), two.client.cancelTask(at(id))]
    for (const told of [...(await Promise.all(canceling)), taskOf(await blocked), await one.client.getTask(at(id))])
      expect(told.status?.state).toBe(CANCELED)
    expect(one.held.works[0]?.signal.reason).toMatchObject({ code: 'REQUEST_ABORTED' })
    for (const { words } of [followed, near]) expect(await words).toEqual([`task ${WORKING}`, `status ${CANCELED}`])
    // Once more it is the same.
    expect((await two.client.cancelTask(at(id))).status?.state).toBe(CANCELED)
  })

  test('what a skill says of cancelling is said at the gateway that was asked', async () => {
    const [one, two] = await joinTwo({ hasSay: true })
    const id = await begin(one)
    one.held.cancellation = { kind: 'too-late', text: 'It is on its way.' }
    await expect(two.client.cancelTask(at(id))).rejects.toMatchObject({
      name: 'TaskNotCancelableError',
      message: expect.stringContaining('It is on its way.') as string,
    })
    expect([await stateAt(two, id), one.held.works[0]?.signal.aborted]).toEqual([WORKING, false])
    const finish = async () => await Promise.resolve({ text: 'It is over.', metadata: { became: 'nothing' } })
    one.held.cancellation = { kind: 'canceled', finish }
    const told = await two.client.cancelTask(at(id))
    expect([told.status?.state, told.status?.message?.parts[0]?.content?.value]).toEqual([CANCELED, 'It is over.'])
    expect(told.metadata).toEqual({ became: 'nothing' })
  })

  test('one that waits for its sender is cancelled by the gateway that had it, and by another one where that is gone', async () => {
    const [one, two] = await joinTwo()
    for (const isGone of [false, true]) {
      const id = await begin(one)
      one.held.end(id, 'input-required')
      await expect.poll(async () => await stateAt(two, id), SOON).toBe(ASKING)
      if (isGone) await one.node.close()
      expect((await two.client.cancelTask(at(id))).status?.state).toBe(CANCELED)
    }
  })

  test('following at another gateway tells each change of state, with the answer', async () => {
    const [one, two] = await joinTwo()
    const id = await begin(one)
    await expect.poll(async () => await stateAt(two, id), SOON).toBe(WORKING)
    const events = two.client.resubscribeTask({ tenant: '', id })
    const first = await events.next()
    if (first.done === true) throw new Error('A stream without an event')
    one.held.end(id)
    const told = [first.value, ...(await collect(events))]
    expect(wordsOf(told)).toEqual([`task ${WORKING}`, 'artifact =', `status ${COMPLETED}`])
    const [, , end] = told
    expect(end?.payload?.$case === 'statusUpdate' && end.payload.value.status?.message?.parts[0]?.content?.value).toBe(
      'Done.',
    )
  })

  test('a stream ends when input is asked for, and one that follows a waiting task hears who goes on with it', async () => {
    const [one, two] = await joinTwo()
    const id = await begin(one)
    await expect.poll(async () => await stateAt(two, id), SOON).toBe(WORKING)
    const asked = await follow(two, id)
    one.held.end(id, 'input-required')
    expect((await asked.words).at(-1)).toBe(`status ${ASKING}`)
    // Both follow what waits; the other gateway goes on with it.
    const following = [await follow(one, id), await follow(two, id)]
    const more = two.client.sendMessage(sendOf(messageOf('More', { taskId: id })))
    await expect.poll(() => two.held.works.length, SOON).toBe(1)
    two.held.end(id)
    const task = taskOf(await more)
    expect(task.history.map(({ parts }) => parts[0]?.content?.value)).toEqual(['Go', 'More?', 'More', 'Done.'])
    for (const { words } of following) expect((await words).at(-1)).toBe(`status ${COMPLETED}`)
  })

  test('of messages to one waiting task at several gateways one is taken', async () => {
    const [one, two] = await joinTwo()
    const id = await begin(one)
    one.held.end(id, 'input-required')
    await expect.poll(async () => await stateAt(two, id), SOON).toBe(ASKING)
    const sent = [one, two, one, two].map(
      async ({ client }, place) =>
        await client.sendMessage(sendOf(messageOf(`More ${place}`, { taskId: id }), { returnImmediately: true })),
    )
    const results = await Promise.allSettled(sent)
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(3)
    for (const { reason: error } of refused) expect(error).toMatchObject({ name: 'UnsupportedOperationError' })
    await expect.poll(() => one.held.works.length + two.held.works.length, SOON).toBe(2)
    const worker = one.held.works.length === 2 ? one : two
    worker.held.end(id)
    await expect.poll(async () => await stateAt(one, id), SOON).toBe(COMPLETED)
    expect((await two.client.getTask(at(id))).history).toHaveLength(4)
  })

  test('a message that is refused leaves the task as it was, for the next one', async () => {
    const [one, two] = await joinTwo()
    const id = await begin(one)
    one.held.end(id, 'input-required')
    await expect.poll(async () => await stateAt(two, id), SOON).toBe(ASKING)
    const wrong = messageOf('More', { taskId: id, contextId: 'another' })
    await expect(two.client.sendMessage(sendOf(wrong))).rejects.toMatchObject({ name: 'RequestMalformedError' })
    const taskPushNotificationConfig = { ...hook('https://10.0.0.1/x'), taskId: id }
    await expect(
      two.client.sendMessage(sendOf(messageOf('More', { taskId: id }), { taskPushNotificationConfig })),
    ).rejects.toMatchObject({ message: expect.stringContaining('10.0.0.1') as string })
    expect(await begin(one, { taskId: id })).toBe(id)
  })

  test('earlier tasks of a context are found at every gateway', async () => {
    const [one, two] = await joinTwo()
    const id = await begin(one, { contextId: 'c1' })
    one.held.end(id)
    await expect.poll(async () => await stateAt(two, id), SOON).toBe(COMPLETED)
    await begin(two, { contextId: 'c1' })
    expect(two.held.works[0]?.earlier).toEqual([{ question: 'Go', answer: 'answer 1' }])
    const found = await one.client.listTasks({ ...all, contextId: 'c1' })
    expect(found.totalSize).toBe(2)
  })

  test('so many unfinished tasks of a tenant are kept at all gateways together', async () => {
    const [one, two] = await joinTwo({ a2a: { tasksMax: 2 } })
    const ids = [await begin(one), await begin(two)]
    for (const { client, stranger } of [one, two]) {
      await expect(client.sendMessage(sendOf(messageOf('Go')))).rejects.toMatchObject({
        message: expect.stringContaining('unfinished') as string,
      })
      await stranger.sendMessage(sendOf(messageOf('Go'), { returnImmediately: true }))
    }
    one.held.end(ids[0] ?? '')
    await expect.poll(async () => await stateAt(two, ids[0] ?? ''), SOON).toBe(COMPLETED)
    await begin(two)
    await expect(one.client.getTask(at(ids[0] ?? ''))).rejects.toMatchObject(notFound)
  })

  test('of many that come at once at several gateways no more are begun than may be, and nothing is left of the others', async () => {
    const [one, two] = await joinTwo({ a2a: { tasksMax: 3 } })
    await Promise.all([one, two].map(async ({ client }) => await client.listTasks(all)))
    const sent = Array.from({ length: 12 }, async (_, place) => {
      const { client } = place % 2 === 0 ? one : two
      return await client.sendMessage(sendOf(messageOf('Go'), { returnImmediately: true }))
    })
    const results = await Promise.allSettled(sent)
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(9)
    for (const { reason: error } of refused)
      expect(error).toMatchObject({ message: expect.stringContaining('unfinished') as string })
    const goesOn = (): number =>
      [one, two].flatMap(({ held }) => held.works.filter(({ signal }) => !signal.aborted)).length
    await expect.poll(goesOn, SOON).toBe(3)
    expect((await two.client.listTasks(all)).totalSize).toBe(3)
  })

  test('who is told of a task is set at any gateway, and told by the one that works on it', async () => {
    await using receiver = await startReceiver()
    const [one, two] = await joinTwo({ a2a: { pushHosts: ['localhost'] } })
    const id = await begin(one)
    const config = { ...hook(receiver.url), taskId: id }
    await two.client.createTaskPushNotificationConfig(config)
    const listed = await one.client.listTaskPushNotificationConfig({
      tenant: '',
      taskId: id,
      pageSize: 0,
      pageToken: '',
    })
    expect(listed.configs.map((each) => [each.id, each.url, each.token])).toEqual([['hook', receiver.url, '']])
    one.held.end(id)
    await receiver.untilTold(1)
    expect(receiver.told.at(-1)?.headers['x-a2a-notification-token']).toBe('a-token')
    const at2 = { tenant: '', id: 'hook', taskId: id }
    await one.client.deleteTaskPushNotificationConfig(at2)
    await expect(two.client.getTaskPushNotificationConfig(at2)).rejects.toMatchObject(notFound)
  })

  test('deleting the tasks of a tenant ends the work at all gateways, and nothing of it comes back', async () => {
    const [one, two] = await joinTwo()
    const id = await begin(one)
    await expect.poll(async () => await stateAt(two, id), SOON).toBe(WORKING)
    const followed = await follow(two, id)
    expect((await two.node.records.purge({ kind: 'tenant', tenant: 'acme' })).agentTasks).toBe(1)
    await expect.poll(() => one.held.works[0]?.signal.aborted, SOON).toBe(true)
    expect(await followed.words).toEqual([`task ${WORKING}`])
    for (const { client } of [one, two]) {
      await expect(client.getTask(at(id))).rejects.toMatchObject(notFound)
      expect((await client.listTasks(all)).totalSize).toBe(0)
    }
  })

  test('a gateway that is closed fails what it works on, for all to see', async () => {
    const [one, two] = await joinTwo()
    const id = await begin(one)
    await expect.poll(async () => await stateAt(two, id), SOON).toBe(WORKING)
    const followed = await follow(two, id)
    await one.node.close()
    expect((await followed.words).at(-1)).toBe(`status ${FAILED}`)
    expect(codeOf(await two.client.getTask(at(id)))).toBe('A2A_TASK_INTERRUPTED')
  })

  test('of one that is killed at work another gateway fails the tasks once, tells who was to be told, and frees their room', async () => {
    await using receiver = await startReceiver()
    const init: MemberInit = { storage: { leaseMs: 1_000 }, a2a: { pushHosts: ['localhost'], tasksMax: 2 } }
    const [two, three] = await joinTwo(init)
    const child = spawn(process.execPath, [CHILD, fleet().schema, String(fleet().cluster.port), 'localhost'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
      const client = await openClient(url, 'JSONRPC', 'sk-acme')
      const taskPushNotificationConfig = hook(receiver.url)
      const ids: string[] = []
      for (let place = 0; place < 2; place += 1)
        ids.push(
          taskOf(
            await client.sendMessage(sendOf(messageOf('Go'), { returnImmediately: true, taskPushNotificationConfig })),
          ).id,
        )
      for (const id of ids) await expect.poll(async () => await stateAt(two, id), SOON).toBe(WORKING)
      const followed = [await follow(two, ids[0] ?? ''), await follow(three, ids[0] ?? '')]
      child.kill('SIGKILL')
      await once(child, 'exit')
      for (const { words } of followed) expect(await words).toEqual([`task ${WORKING}`, `status ${FAILED}`])
      for (const id of ids) {
        await expect.poll(async () => await stateAt(two, id), SOON).toBe(FAILED)
        const failed = await three.client.getTask(at(id))
        expect([codeOf(failed), failed.history.map(({ messageId }) => messageId).at(-1)]).toEqual([
          'A2A_TASK_INTERRUPTED',
          `interrupted-${id}`,
        ])
      }
      const failures = (): number => receiver.told.filter(({ body }) => body.includes('TASK_STATE_FAILED')).length
      await expect.poll(failures, SOON).toBe(2)
      await begin(two)
      await begin(three)
      expect(failures()).toBe(2)
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('a gateway that cannot be heard of lets go of its work, another one fails it once, and it goes on afterwards', async () => {
    const [one, two] = await joinTwo({ storage: { leaseMs: 1_000, statementTimeoutMs: 1_000 } })
    const three = await join({ storage: { leaseMs: 1_000 } })
    const blocked = one.client.sendMessage(sendOf(messageOf('Go')))
    await expect.poll(() => one.held.works.length, SOON).toBe(1)
    const id = one.held.works[0]?.taskId ?? ''
    await expect.poll(async () => await stateAt(two, id), SOON).toBe(WORKING)
    const followed = [await follow(two, id), await follow(three, id)]
    cutOff(one)
    await expect(blocked).rejects.toMatchObject({ message: expect.stringMatching(/store|server|gateway/i) as string })
    expect(one.held.works[0]?.signal.aborted).toBe(true)
    // What is asked of it meanwhile is refused with a code, and nothing is begun.
    await expect(one.client.sendMessage(sendOf(messageOf('Go')))).rejects.toMatchObject({
      message: expect.stringContaining('does not answer') as string,
    })
    expect(one.held.works).toHaveLength(1)
    for (const { words } of followed) {
      expect((await words).filter((word) => word === `status ${FAILED}`)).toHaveLength(1)
    }
    const failed = await two.client.getTask(at(id))
    expect([failed.status?.state, codeOf(failed)]).toEqual([FAILED, 'A2A_TASK_INTERRUPTED'])
    one.proxy.isRefusing = false
    await expect.poll(async () => await stateAt(one, id).catch(() => undefined), SOON).toBe(FAILED)
    expect(failed.history.filter(({ messageId }) => messageId.startsWith('interrupted-'))).toHaveLength(1)
    const next = await begin(one)
    one.held.end(next)
    await expect.poll(async () => await stateAt(two, next), SOON).toBe(COMPLETED)
  })

  test('an end that could not be stored is no end: its sender hears why, and the task has failed', async () => {
    const [one, two] = await joinTwo({ storage: { statementTimeoutMs: 1_000 } })
    const blocked = one.client.sendMessage(sendOf(messageOf('Go')))
    await expect.poll(() => one.held.works.length, SOON).toBe(1)
    const id = one.held.works[0]?.taskId ?? ''
    await expect.poll(async () => await stateAt(two, id), SOON).toBe(WORKING)
    const events = one.client.resubscribeTask({ tenant: '', id })
    await events.next()
    const followed = collect(events).then(wordsOf, (error: unknown) => error)
    cutOff(one)
    one.held.end(id)
    await expect(blocked).rejects.toMatchObject({ message: expect.stringContaining('does not answer') as string })
    // Who follows it there does not hear of an end that is none.
    expect(await followed).toBeInstanceOf(Error)
    expect(await stateAt(two, id)).toBe(WORKING)
    one.proxy.isRefusing = false
    // It is the same gateway, alive all the time: it says itself that this came to nothing.
    await expect.poll(async () => await stateAt(two, id), SOON).toBe(FAILED)
    expect(codeOf(await two.client.getTask(at(id)))).toBe('A2A_TASK_INTERRUPTED')
  })
})

function hook(url: string) {
  return { tenant: '', id: 'hook', taskId: '', url, token: 'a-token', authentication: undefined }
}

function codeOf({ metadata }: Task): unknown {
  return metadata?.['code']
}
