import { readEvents } from '../connection/event-reader.ts'
import { type Json, type JsonObject, objectOf, rowsOf, textOf } from '../connection/json-value.ts'
import type { NodeClient } from '../connection/node-client.ts'

/** A task and what is wished about it; empty texts wish nothing. */
export type TaskWish = {
  readonly prompt: string
  readonly model: string
  readonly maxCostUsd: string
  readonly quality: string
  readonly cache: string
  readonly isLocalOnly: boolean
}

export type TaskProgress = {
  readonly state: 'running' | 'done' | 'failed' | 'stopped'
  readonly text: string
  readonly failure: string | undefined
  /** The final figures of the task. */
  readonly summary: JsonObject | undefined
  readonly taskId: string | undefined
}

export type RunTaskInit = {
  readonly client: NodeClient
  readonly wish: TaskWish
  readonly signal: AbortSignal
  /** Told at most once per frame of the screen, and of the end. */
  readonly onProgress: (progress: TaskProgress) => void
}

/** Sends the task and follows its answer. Throws what is no end of a task: a request that was refused. */
export async function runTask({ client, wish, signal, onProgress }: RunTaskInit): Promise<void> {
  const show = oncePerFrame(onProgress)
  let progress: TaskProgress = { state: 'running', text: '', failure: undefined, summary: undefined, taskId: undefined }
  show.soon(progress)
  try {
    const response = await client.open(
      '/v1/chat/completions',
      { method: 'POST', body: bodyOf(wish), signal },
      headersOf(wish),
    )
    progress = { ...progress, taskId: response.headers.get('x-kernell-task-id') ?? undefined }
    if (response.body !== null)
      for await (const { type, data } of readEvents(response.body)) {
        progress = next(progress, type, data)
        show.soon(progress)
      }
    if (progress.state === 'running') progress = { ...progress, state: 'failed', failure: 'The answer broke off' }
  } catch (error: unknown) {
    if (!signal.aborted) {
      show.now({ ...progress, state: 'failed', failure: error instanceof Error ? error.message : String(error) })
      return
    }
    progress = { ...progress, state: 'stopped', failure: 'The task was stopped' }
  }
  show.now(progress)
}

function next(progress: TaskProgress, type: string, data: string): TaskProgress {
  if (data === '[DONE]') return { ...progress, state: progress.state === 'running' ? 'done' : progress.state }
  const chunk = objectOf(parse(data))
  if (type === 'error')
    return {
      ...progress,
      state: 'failed',
      failure: textOf(objectOf(chunk['error'])['message'], 'The answer broke off'),
    }
  const delta = objectOf(rowsOf(chunk['choices'])[0]?.['delta'])
  const summary = chunk['kernell']
  return {
    ...progress,
    text: progress.text + textOf(delta['content']) + textOf(delta['refusal']),
    summary: summary === undefined || summary === null ? progress.summary : objectOf(summary),
  }
}

function bodyOf({ prompt, model }: TaskWish): object {
  return { model, stream: true, messages: [{ role: 'user', content: prompt }] }
}

function headersOf({ maxCostUsd, quality, cache, isLocalOnly }: TaskWish): Readonly<Record<string, string>> {
  return {
    ...(maxCostUsd !== '' && { 'x-kernell-max-cost-usd': maxCostUsd }),
    ...(quality !== '' && { 'x-kernell-quality': quality }),
    ...(cache !== 'default' && { 'x-kernell-cache': cache }),
    ...(isLocalOnly && { 'x-kernell-allow': 'local-only' }),
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}

type Shower = { readonly soon: (progress: TaskProgress) => void; readonly now: (progress: TaskProgress) => void }

function oncePerFrame(show: (progress: TaskProgress) => void): Shower {
  let waiting: TaskProgress | undefined
  const settle = (): void => {
    if (waiting !== undefined) show(waiting)
    waiting = undefined
  }
  return {
    soon(progress) {
      if (waiting === undefined) requestAnimationFrame(settle)
      waiting = progress
    },
    now(progress) {
      waiting = undefined
      show(progress)
    },
  }
}
