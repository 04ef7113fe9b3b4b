import { TaskState } from '@a2a-js/sdk'
import { afterEach, expect, it } from 'vitest'
import type { TenantId } from '../../../src/base/identifiers.ts'
import { contextOf, type NodeA2a } from '../../../src/node/a2a/node-a2a.ts'
import { ENDLESS, WAITING } from '../../gateway/a2a/sample-skills.ts'
import { messageOf, sendOf, taskOf } from '../../gateway/a2a/official-client.ts'
import { makeFolder, removeFolders, startNode } from '../start-node.ts'

afterEach(removeFolders)

const callOf = (tenant: string) =>
  contextOf({
    caller: { tenant: tenant as TenantId },
    controls: {},
    isAuthenticated: true,
    baseUrl: 'http://localhost',
    version: '1.0',
  })
const skills = { skills: [ENDLESS, WAITING] }
const NAMED = { metadata: { skill: 'endless' } }

async function begin(a2a: NodeA2a, tenant: string): Promise<string> {
  const task = taskOf(
    await a2a.handler.sendMessage(sendOf(messageOf('Go', NAMED), { returnImmediately: true }), callOf(tenant)),
  )
  return task.id
}

it('tasks outlive a stop: what was worked on has failed with the reason, what waits still waits', async () => {
  const folder = makeFolder()
  const first = await startNode(folder)
  const a2a = await first.openA2a(skills)
  const running = await begin(a2a, 'acme')
  const waiting = taskOf(
    await a2a.handler.sendMessage(sendOf(messageOf('Hi', { metadata: { skill: 'waiting' } })), callOf('acme')),
  )
  await first.close()
  await using second = await startNode(folder)
  const { handler } = await second.openA2a(skills)
  const failed = await handler.getTask({ tenant: '', id: running }, callOf('acme'))
  expect(failed.status?.state).toBe(TaskState.TASK_STATE_FAILED)
  expect(JSON.stringify(failed)).toContain('A2A_TASK_INTERRUPTED')
  const still = await handler.getTask({ tenant: '', id: waiting.id }, callOf('acme'))
  expect(still.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED)
  const again = taskOf(
    await handler.sendMessage(
      sendOf(messageOf('More', { taskId: waiting.id, metadata: { skill: 'waiting' } })),
      callOf('acme'),
    ),
  )
  expect(again.history.map(({ parts }) => parts[0]?.content?.value)).toEqual(['Hi', 'More?', 'More', 'More?'])
  await expect(handler.getTask({ tenant: '', id: running }, callOf('other'))).rejects.toMatchObject({
    name: 'TaskNotFoundError',
  })
})

it('a purge ends what runs for a tenant and leaves nothing of it, and nothing else goes', async () => {
  await using node = await startNode(makeFolder())
  const a2a = await node.openA2a(skills)
  const mine = await begin(a2a, 'acme')
  const theirs = await begin(a2a, 'other')
  expect((await node.records.purge({ kind: 'tenant', tenant: 'acme' })).agentTasks).toBe(1)
  await expect(a2a.handler.getTask({ tenant: '', id: mine }, callOf('acme'))).rejects.toMatchObject({
    name: 'TaskNotFoundError',
  })
  const other = await a2a.handler.getTask({ tenant: '', id: theirs }, callOf('other'))
  expect(other.status?.state).toBe(TaskState.TASK_STATE_WORKING)
})

it('of a tenant the newest tasks are kept, and old ones go by themselves', async () => {
  const folder = makeFolder()
  await using node = await startNode(folder, { a2a: { tasksMax: 2 } })
  const { handler } = await node.openA2a(skills)
  const ids: string[] = []
  for (let at = 0; at < 3; at += 1) {
    const id = await begin(await node.openA2a(), 'acme')
    await handler.cancelTask({ tenant: '', id, metadata: undefined }, callOf('acme'))
    ids.push(id)
  }
  const query = { tenant: '', contextId: '', status: 0, pageToken: '', statusTimestampAfter: undefined }
  const { tasks } = await handler.listTasks(query, callOf('acme'))
  expect(tasks.map(({ id }) => id).toSorted()).toEqual(ids.slice(1).toSorted())
})

it('of tasks that come at once no more are begun than are kept of a tenant', async () => {
  await using node = await startNode(makeFolder(), { a2a: { tasksMax: 3 } })
  const a2a = await node.openA2a(skills)
  const results = await Promise.allSettled(Array.from({ length: 8 }, async () => await begin(a2a, 'acme')))
  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused).toHaveLength(5)
  for (const { reason } of refused) expect(reason).toMatchObject({ cause: { code: 'A2A_TASKS_FULL' } })
  const query = { tenant: '', contextId: '', status: 0, pageToken: '', statusTimestampAfter: undefined }
  expect((await a2a.handler.listTasks(query, callOf('acme'))).totalSize).toBe(3)
})

it.each([
  'x',
  Buffer.from('2026|a').toString('base64url'),
  Buffer.from('2026-01-01T00:00:00.000Z|\0').toString('base64url'),
])('a page token that is none of this node is refused: %s', async (pageToken) => {
  await using node = await startNode(makeFolder())
  const { handler } = await node.openA2a(skills)
  const query = { tenant: '', contextId: '', status: 0, pageToken, statusTimestampAfter: undefined }
  await expect(handler.listTasks(query, callOf('acme'))).rejects.toMatchObject({ name: 'RequestMalformedError' })
  await expect(handler.getTask({ tenant: '', id: 'a\0b/../c' }, callOf('acme'))).rejects.toMatchObject({
    name: 'TaskNotFoundError',
  })
})

it('is off where the configuration says so, and a skill that is not there is named', async () => {
  await using off = await startNode(makeFolder(), { a2a: { enabled: false } })
  await expect(off.openA2a()).rejects.toMatchObject({ code: 'A2A_NOT_OPEN' })
  await using wrong = await startNode(makeFolder(), { a2a: { skills: ['nothing'] } })
  await expect(wrong.openA2a()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
