import { importJWK } from 'jose'
import { TaskState, verifyAgentCardSignature } from '@a2a-js/sdk'
import { describe, expect, it } from 'vitest'
import type { AgentSkill } from '../../../src/node/a2a/agent-skill.ts'
import { FINISH, createScriptedNode, keyOf, partsOf, startGateway, streamOf, taskIdOf } from '../scripted-node.ts'
import { answerOf, BINDINGS, collect, messageOf, openClient, sendOf, taskOf, wordsOf } from './official-client.ts'

/** A skill that waits until it is told to go on, or is aborted. */
function createHeldSkill() {
  let release: () => void = () => undefined
  let begin: () => void = () => undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const aborted: unknown[] = []
  const skill: AgentSkill = {
    id: 'held',
    name: 'Held',
    description: 'Waits',
    tags: ['test'],
    run: async ({ signal, emit }) => {
      emit({ type: 'text', artifactId: 'a', text: 'first' })
      begin()
      await new Promise<void>((resolve, reject) => {
        release = resolve
        signal.addEventListener('abort', () => {
          aborted.push(signal.reason)
          reject(signal.reason)
        })
      })
      emit({ type: 'text', artifactId: 'a', text: ' second' })
      return { state: 'completed' }
    },
  }
  return { skill, begun, release: () => release(), aborted }
}

const HELD = { metadata: { skill: 'held' } }

describe.each(BINDINGS)('the official client over %s', (binding) => {
  it('sends a message and gets the answer of the router with what it cost', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const client = await openClient(running.url, binding)
    const task = taskOf(await client.sendMessage(sendOf(messageOf('Hello?'))))
    expect(task.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
    expect(answerOf(task)).toBe('Hello there')
    expect(task.artifacts[0]?.parts).toHaveLength(1)
    expect(task.metadata).toMatchObject({ kernell: { model: 'openai/small', tier: 'cheap_api', costUsd: 0.00125 } })
    expect(node.requests[0]).toMatchObject({
      caller: { tenant: 'default' },
      sender: 'peer',
      request: { messages: [{ role: 'user', content: 'Hello?' }] },
    })
    expect(await client.getTask({ tenant: '', id: task.id })).toEqual(task)
  })

  it('follows a stream, and what it heard is what is stored', async () => {
    await using running = await startGateway(createScriptedNode())
    const client = await openClient(running.url, binding)
    const events = await collect(client.sendMessageStream(sendOf(messageOf('Hello?'))))
    const words = wordsOf(events)
    expect(words.slice(0, 2)).toEqual(['task 1', 'status 2'])
    expect(words.at(-1)).toBe('status 3')
    expect(words.slice(2, -1)).toEqual(['artifact ='])
  })

  it('goes on with a conversation, which the router is told whole', async () => {
    const node = createScriptedNode()
    await using running = await startGateway(node)
    const client = await openClient(running.url, binding)
    const first = taskOf(await client.sendMessage(sendOf(messageOf('One?'))))
    await client.sendMessage(sendOf(messageOf('Two?', { contextId: first.contextId })))
    expect(node.requests[1]?.request.messages).toEqual([
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: 'Hello there' },
      { role: 'user', content: 'Two?' },
    ])
  })

  it('does not wait when it need not, lists its tasks and pages through them', async () => {
    const held = createHeldSkill()
    await using running = await startGateway(createScriptedNode(), { agentSkills: [held.skill] })
    const client = await openClient(running.url, binding)
    const at = sendOf(messageOf('Go', HELD), { returnImmediately: true })
    const begun = taskOf(await client.sendMessage(at))
    expect(begun.status?.state).toBe(TaskState.TASK_STATE_SUBMITTED)
    await client.sendMessage(sendOf(messageOf('Other')))
    const query = {
      tenant: '',
      contextId: '',
      status: TaskState.TASK_STATE_UNSPECIFIED,
      statusTimestampAfter: undefined,
    }
    const page = await client.listTasks({ ...query, pageToken: '', pageSize: 1 })
    expect([page.tasks.length, page.totalSize]).toEqual([1, 2])
    const rest = await client.listTasks({ ...query, pageToken: page.nextPageToken, pageSize: 1 })
    expect(rest.tasks.length).toBe(1)
    expect(rest.nextPageToken).toBe('')
    expect(rest.tasks[0]?.id).not.toBe(page.tasks[0]?.id)
    const working = await client.listTasks({ ...query, pageToken: '', status: TaskState.TASK_STATE_WORKING })
    expect(working.tasks.map(({ id }) => id)).toEqual([begun.id])
    held.release()
  })

  it('cancels a task, which ends the work and is told to who listens', async () => {
    const held = createHeldSkill()
    await using running = await startGateway(createScriptedNode(), { agentSkills: [held.skill] })
    const client = await openClient(running.url, binding)
    const events = client.sendMessageStream(sendOf(messageOf('Go', HELD)))
    const first = await events.next()
    const id = first.value?.payload?.$case === 'task' ? first.value.payload.value.id : ''
    await held.begun
    const canceled = await client.cancelTask({ tenant: '', id, metadata: undefined })
    expect(canceled.status?.state).toBe(TaskState.TASK_STATE_CANCELED)
    expect(held.aborted).toHaveLength(1)
    expect(wordsOf(await collect(events)).at(-1)).toBe('status 5')
    await expect(client.sendMessage(sendOf(messageOf('Again', { taskId: id })))).rejects.toMatchObject({
      name: 'UnsupportedOperationError',
    })
  })

  it('cancels the call of the model with the task', async () => {
    let seen: AbortSignal | undefined
    let begin: () => void = () => undefined
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const node = createScriptedNode({
      routeStream: async (_request, signal) => {
        seen = signal
        begin()
        return await new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        )
      },
    })
    await using running = await startGateway(node)
    const client = await openClient(running.url, binding)
    const { id } = taskOf(await client.sendMessage(sendOf(messageOf('Long'), { returnImmediately: true })))
    await begun
    await client.cancelTask({ tenant: '', id, metadata: undefined })
    expect(seen?.aborted).toBe(true)
  })

  it('may leave a stream and come back for the rest', async () => {
    const held = createHeldSkill()
    await using running = await startGateway(createScriptedNode(), { agentSkills: [held.skill] })
    const client = await openClient(running.url, binding)
    const leaving = new AbortController()
    const events = client.sendMessageStream(sendOf(messageOf('Go', HELD)), { signal: leaving.signal })
    const first = await events.next()
    const id = first.value?.payload?.$case === 'task' ? first.value.payload.value.id : ''
    await held.begun
    leaving.abort()
    await collect(events).catch(() => undefined)
    const again = client.resubscribeTask({ tenant: '', id })
    const snapshot = await again.next()
    expect(wordsOf(snapshot.done === true ? [] : [snapshot.value])).toEqual(['task 2'])
    held.release()
    expect(wordsOf(await collect(again)).at(-1)).toBe('status 3')
    const task = await client.getTask({ tenant: '', id })
    expect([task.status?.state, answerOf(task)]).toEqual([TaskState.TASK_STATE_COMPLETED, 'first second'])
  })

  it('follows a task that asks for more to the end of its next turn', async () => {
    let turns = 0
    const asking: AgentSkill = {
      id: 'asking',
      name: 'Asking',
      description: 'Asks once',
      tags: ['test'],
      run: async () =>
        await Promise.resolve((turns += 1) === 1 ? { state: 'input-required', text: 'More?' } : { state: 'completed' }),
    }
    await using running = await startGateway(createScriptedNode(), { agentSkills: [asking] })
    const client = await openClient(running.url, binding)
    const skill = { metadata: { skill: 'asking' } }
    const { id } = taskOf(await client.sendMessage(sendOf(messageOf('Go', skill))))
    const following = client.resubscribeTask({ tenant: '', id })
    await following.next()
    await client.sendMessage(sendOf(messageOf('More', { ...skill, taskId: id })))
    expect(wordsOf(await collect(following)).at(-1)).toBe('status 3')
  })

  it('is told what is wrong by the errors of the protocol', async () => {
    const held = createHeldSkill()
    await using running = await startGateway(createScriptedNode(), { agentSkills: [held.skill] })
    const client = await openClient(running.url, binding)
    const unknown = { tenant: '', id: 'nobody', metadata: undefined }
    await expect(client.getTask(unknown)).rejects.toMatchObject({ name: 'TaskNotFoundError' })
    await expect(client.cancelTask(unknown)).rejects.toMatchObject({ name: 'TaskNotFoundError' })
    const done = taskOf(await client.sendMessage(sendOf(messageOf('Hello?'))))
    const finished = { tenant: '', id: done.id, metadata: undefined }
    await expect(client.cancelTask(finished)).rejects.toMatchObject({ name: 'TaskNotCancelableError' })
    await expect(client.resubscribeTask(finished).next()).rejects.toMatchObject({ name: 'UnsupportedOperationError' })
    const file = { content: { $case: 'url' as const, value: 'http://127.0.0.1/secret' }, metadata: undefined }
    const parts = [{ ...file, filename: 'a.txt', mediaType: 'text/plain' }]
    await expect(client.sendMessage(sendOf(messageOf('', { parts })))).rejects.toMatchObject({
      name: 'ContentTypeNotSupportedError',
    })
    await expect(client.sendMessage(sendOf(messageOf('', { parts: [] })))).rejects.toMatchObject({
      name: 'RequestMalformedError',
    })
    const busy = taskOf(await client.sendMessage(sendOf(messageOf('Go', HELD), { returnImmediately: true })))
    await held.begun
    await expect(client.sendMessage(sendOf(messageOf('More', { taskId: busy.id })))).rejects.toMatchObject({
      name: 'UnsupportedOperationError',
    })
    held.release()
  })

  it('sees no task of another tenant, whatever it knows of it', async () => {
    const held = createHeldSkill()
    const keys = [keyOf('sk-a', { id: 'a', tenant: 'acme' }), keyOf('sk-b', { id: 'b', tenant: 'other' })]
    await using running = await startGateway(createScriptedNode({ keys }), { agentSkills: [held.skill] })
    const mine = await openClient(running.url, binding, 'sk-a')
    const theirs = await openClient(running.url, binding, 'sk-b')
    const { id, contextId } = taskOf(await mine.sendMessage(sendOf(messageOf('Go', HELD), { returnImmediately: true })))
    await held.begun
    const notFound = { name: 'TaskNotFoundError' }
    const at = { tenant: '', id, metadata: undefined }
    await expect(theirs.getTask(at)).rejects.toMatchObject(notFound)
    await expect(theirs.cancelTask(at)).rejects.toMatchObject(notFound)
    await expect(theirs.resubscribeTask(at).next()).rejects.toMatchObject(notFound)
    await expect(theirs.sendMessage(sendOf(messageOf('x', { taskId: id })))).rejects.toMatchObject(notFound)
    const config = {
      tenant: '',
      id: 'c',
      taskId: id,
      url: 'https://203.0.113.9/x',
      token: '',
      authentication: undefined,
    }
    await expect(theirs.createTaskPushNotificationConfig(config)).rejects.toMatchObject(notFound)
    await expect(theirs.getTask({ ...at, tenant: 'acme' })).rejects.toThrow(/leave `tenant` out|nothing at/)
    const empty = { pageToken: '', status: 0, contextId, statusTimestampAfter: undefined, tenant: '' }
    expect((await theirs.listTasks(empty)).tasks).toEqual([])
    expect((await mine.listTasks(empty)).tasks).toHaveLength(1)
    expect(held.aborted).toEqual([])
    held.release()
  })

  it('hears how a task failed, by the code, and nothing of a fault of the program', async () => {
    let count = 0
    const node = createScriptedNode({
      routeStream: async (request) => {
        count += 1
        if (count === 1) throw new Error('a secret of the program')
        return streamOf(taskIdOf(request), partsOf(FINISH))
      },
    })
    await using running = await startGateway(node)
    const client = await openClient(running.url, binding)
    const fault = taskOf(await client.sendMessage(sendOf(messageOf('One'))))
    expect(fault.status?.state).toBe(TaskState.TASK_STATE_FAILED)
    expect(fault.metadata).toMatchObject({ code: 'INTERNAL_ERROR' })
    expect(JSON.stringify(fault)).not.toContain('secret of the program')
    const empty = taskOf(await client.sendMessage(sendOf(messageOf('Two'))))
    expect(empty.metadata).toMatchObject({ code: 'MODEL_ANSWER_MALFORMED', isRetryable: true })
  })
})

describe('the card', () => {
  it('is signed with the key that is at its address, also the one for callers with a key', async () => {
    await using running = await startGateway(createScriptedNode({ keys: [keyOf('sk-a')] }))
    const { keys } = (await (await fetch(`${running.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] }
    const verify = verifyAgentCardSignature(async (kid, jku) => {
      expect(jku).toBe(`${running.url}/.well-known/jwks.json`)
      const found = keys.find((key) => key.kid === kid)
      if (found === undefined) throw new Error('No such key')
      return await importJWK(found as never, 'EdDSA')
    })
    const client = await openClient(running.url, 'JSONRPC', 'sk-a')
    const card = await client.getAgentCard(undefined, verify)
    await verify(card)
    await expect(verify({ ...card, description: 'Changed' })).rejects.toThrow()
    expect(card.capabilities?.extensions.map(({ uri }) => uri)).toContain('urn:kernell-os:a2a:models:1')
    expect(card.supportedInterfaces.slice(0, 2).map(({ protocolBinding, url }) => [protocolBinding, url])).toEqual([
      ['JSONRPC', `${running.url}/a2a`],
      ['HTTP+JSON', `${running.url}/a2a`],
    ])
    const open = (await (await fetch(`${running.url}/.well-known/agent-card.json`)).json()) as { signatures: unknown[] }
    expect(JSON.stringify(open)).not.toContain('openai/small')
    expect(open.signatures).toHaveLength(1)
  })

  it('is not sent again to who has it', async () => {
    await using running = await startGateway(createScriptedNode())
    const url = `${running.url}/.well-known/agent-card.json`
    const tag = (await fetch(url)).headers.get('etag') ?? ''
    const again = await fetch(url, { headers: { 'if-none-match': tag } })
    expect([again.status, await again.text()]).toEqual([304, ''])
  })
})
