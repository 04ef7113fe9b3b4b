import { type StreamResponse, TaskState, type TaskPushNotificationConfig } from '@a2a-js/sdk'
import { expect, it } from 'vitest'
import { ownContextOf } from '../../../src/node/a2a/call-context.ts'
import { PushSender } from '../../../src/node/a2a/push-sender.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import type { OutboundFetch } from '../../../src/ports/outbound-fetch.ts'

const CONFIG: TaskPushNotificationConfig = {
  tenant: '',
  id: 'hook',
  taskId: 'a',
  url: 'https://receiver.example/hook',
  token: '',
  authentication: undefined,
}

function eventOf(state: TaskState): StreamResponse {
  const status = { state, message: undefined, timestamp: undefined }
  return { payload: { $case: 'statusUpdate', value: { taskId: 'a', contextId: 'c', status, metadata: undefined } } }
}

it('tells the changes of a task in their order, however long it takes to find out whom, and goes on after a failure', async () => {
  const asked: PromiseWithResolvers<readonly TaskPushNotificationConfig[]>[] = []
  const told: string[] = []
  const sent = Promise.withResolvers<void>()
  const way: OutboundFetch = {
    request: async ({ body }) => {
      told.push(/TASK_STATE_\w+/.exec(String(body))?.[0] ?? '')
      if (told.length === 2) sent.resolve()
      return await Promise.resolve({ status: 204, release: () => undefined } as never)
    },
  }
  const secretsOf = async (): Promise<readonly TaskPushNotificationConfig[]> => {
    const answer = Promise.withResolvers<readonly TaskPushNotificationConfig[]>()
    asked.push(answer)
    return await answer.promise
  }
  const sender = new PushSender({
    configs: { secretsOf },
    timers: createSystemTimers(),
    wayTo: () => way,
    onError: (error) => told.push(String(error)),
  })
  const context = ownContextOf('acme')
  const sending = [TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING, TaskState.TASK_STATE_COMPLETED].map(
    async (state) => await sender.send(eventOf(state), context),
  )
  const results = Promise.allSettled(sending)
  const untilAsked = async (count: number): Promise<void> => {
    while (asked.length < count) await new Promise((resolve) => setImmediate(resolve))
  }
  await untilAsked(1)
  await new Promise((resolve) => setImmediate(resolve))
  // The next one is not looked for before.
  expect(asked).toHaveLength(1)
  asked[0]?.reject(new Error('away'))
  await untilAsked(2)
  asked[1]?.resolve([CONFIG])
  await untilAsked(3)
  asked[2]?.resolve([CONFIG])
  expect((await results).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  await sent.promise
  expect(told).toEqual(['TASK_STATE_WORKING', 'TASK_STATE_COMPLETED'])
  sender.stop()
})
