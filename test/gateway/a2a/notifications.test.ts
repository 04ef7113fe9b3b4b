import { afterEach, describe, expect, it } from 'vitest'
import { DEFAULT_TENANT } from '../../../src/base/identifiers.ts'
import { contextOf } from '../../../src/node/a2a/node-a2a.ts'
import { makeFolder, removeFolders, startNode } from '../../node/start-node.ts'
import { startRealGateway } from '../real-node.ts'
import { BINDINGS, messageOf, openClient, sendOf, taskOf } from './official-client.ts'
import { startReceiver } from './push-receiver.ts'
import { CHATTY, WAITING } from './sample-skills.ts'

afterEach(removeFolders)

const CONTEXT = contextOf({
  caller: { tenant: DEFAULT_TENANT },
  controls: {},
  isAuthenticated: true,
  baseUrl: 'http://localhost',
  version: '1.0',
})

const configOf = (url: string, more: object = {}) => ({
  tenant: '',
  id: 'hook',
  taskId: '',
  url,
  token: 'a-token',
  authentication: { scheme: 'Bearer', credentials: 'a-secret' },
  ...more,
})

describe.each(BINDINGS)('notifications over %s', (binding) => {
  it('are told in order, with what authenticates them, which is in no answer', async () => {
    await using receiver = await startReceiver()
    const a2a = { pushHosts: ['localhost'], skills: ['chatty'] }
    await using running = await startRealGateway({ a2a }, { agentSkills: [CHATTY] })
    const client = await openClient(running.url, binding)
    const taskPushNotificationConfig = configOf(receiver.url)
    const task = taskOf(await client.sendMessage(sendOf(messageOf('Hi'), { taskPushNotificationConfig })))
    await receiver.untilTold(5)
    const cases = receiver.told.map(({ body }) => Object.keys(JSON.parse(body) as object)[0])
    expect(cases).toEqual(['task', 'statusUpdate', 'artifactUpdate', 'artifactUpdate', 'statusUpdate'])
    for (const { headers } of receiver.told) {
      expect(headers.authorization).toBe('Bearer a-secret')
      expect(headers['x-a2a-notification-token']).toBe('a-token')
      expect(headers['content-type']).toBe('application/a2a+json')
    }
    const at = { tenant: '', id: 'hook', taskId: task.id }
    const shown = await client.getTaskPushNotificationConfig(at)
    expect([shown.url, shown.token, shown.authentication?.credentials]).toEqual([receiver.url, '', ''])
    const listed = await client.listTaskPushNotificationConfig({ ...at, pageSize: 0, pageToken: '' })
    expect(JSON.stringify(listed)).not.toMatch(/a-secret|a-token/)
    await client.deleteTaskPushNotificationConfig(at)
    await expect(client.getTaskPushNotificationConfig(at)).rejects.toMatchObject({ name: 'TaskNotFoundError' })
  })

  it.each([
    'http://127.0.0.1:8080/x',
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://10.1.2.3/x',
    'https://169.254.169.254/latest/meta-data',
    'https://0x7f.1/x',
    'https://[::ffff:192.168.0.1]/x',
    'https://localhost/x',
    'http://203.0.113.9/x',
    'https://user:secret@203.0.113.9/x',
    'https://inside.example/x',
    'https://203.0.113.9:22/x',
    'file:///etc/passwd',
    'gopher://203.0.113.9/x',
    'x'.repeat(3_000),
  ])('to %s are refused', async (url) => {
    const resolveHost = async () => await Promise.resolve(['192.168.1.7'])
    const a2a = { skills: ['waiting'] }
    await using running = await startRealGateway({ a2a }, { agentSkills: [WAITING], resolveHost })
    const client = await openClient(running.url, binding)
    const task = taskOf(await client.sendMessage(sendOf(messageOf('Hi'))))
    const refused = client.createTaskPushNotificationConfig(configOf(url, { taskId: task.id }))
    await expect(refused).rejects.toMatchObject({ name: 'RequestMalformedError' })
    const listed = await client.listTaskPushNotificationConfig({
      tenant: '',
      taskId: task.id,
      pageSize: 0,
      pageToken: '',
    })
    expect(listed.configs).toEqual([])
  })
})

it('a receiver that fails is told again, three times at most; one that refuses or redirects is not', async () => {
  await using flaky = await startReceiver((count) => (count === 1 ? 503 : 204))
  await using refusing = await startReceiver(() => 403)
  await using redirecting = await startReceiver(() => 302)
  const a2a = { pushHosts: ['localhost'], skills: ['waiting'] }
  await using running = await startRealGateway({ a2a }, { agentSkills: [WAITING] })
  const client = await openClient(running.url, 'JSONRPC')
  const task = taskOf(await client.sendMessage(sendOf(messageOf('Hi'))))
  for (const [id, { url }] of Object.entries({ flaky, refusing, redirecting }))
    await client.createTaskPushNotificationConfig(configOf(url, { taskId: task.id, id }))
  await client.cancelTask({ tenant: '', id: task.id, metadata: undefined })
  await flaky.untilTold(2)
  expect([flaky.told.length, refusing.told.length, redirecting.told.length]).toEqual([2, 1, 1])
  expect(flaky.told[0]?.body).toContain('TASK_STATE_CANCELED')
})

it('a task keeps eight addresses, and what cannot stand in a header is refused', async () => {
  const a2a = { pushHosts: ['localhost'], skills: ['waiting'] }
  await using running = await startRealGateway({ a2a }, { agentSkills: [WAITING] })
  const client = await openClient(running.url, 'JSONRPC')
  const { id: taskId } = taskOf(await client.sendMessage(sendOf(messageOf('Hi'))))
  const create = async (more: object) =>
    await client.createTaskPushNotificationConfig(configOf('http://localhost:1/x', { taskId, ...more }))
  for (let at = 0; at < 8; at += 1) await create({ id: `c${at}` })
  await create({ id: 'c3', url: 'http://localhost:2/x' })
  const malformed = { name: 'RequestMalformedError' }
  await expect(create({ id: 'c8' })).rejects.toMatchObject(malformed)
  await expect(create({ id: 'c3', token: 'a\r\nx-evil: 1' })).rejects.toMatchObject(malformed)
  await expect(create({ id: 'c3', authentication: { scheme: 'Bea rer', credentials: '' } })).rejects.toMatchObject(
    malformed,
  )
  await expect(create({ id: '../c3' })).rejects.toMatchObject(malformed)
})

it('a task that waited over a restart tells of its end as well', async () => {
  await using receiver = await startReceiver()
  const folder = makeFolder()
  const document = { a2a: { pushHosts: ['localhost'], skills: ['waiting'] } }
  const first = await startNode(folder, document)
  const a2a = await first.openA2a({ skills: [WAITING] })
  const taskPushNotificationConfig = configOf(receiver.url)
  const sent = await a2a.handler.sendMessage(sendOf(messageOf('Hi'), { taskPushNotificationConfig }), CONTEXT)
  await receiver.untilTold(3)
  await first.close()
  await using second = await startNode(folder, document)
  const { handler } = await second.openA2a({ skills: [WAITING] })
  await handler.cancelTask({ tenant: '', id: taskOf(sent).id, metadata: undefined }, CONTEXT)
  await receiver.untilTold(4)
  expect(receiver.told[3]?.body).toContain('TASK_STATE_CANCELED')
})
