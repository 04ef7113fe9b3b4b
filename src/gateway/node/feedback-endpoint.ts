import { parseTaskId } from '../../base/identifiers.ts'
import type { Judgement, NewFeedback } from '../../node/node-records.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'
import { invalidRequest } from '../invalid-request.ts'
import { type JsonObject, parseJsonBody } from '../listener/parse-json-body.ts'
import { readBody } from '../listener/read-body.ts'
import { readBoolean, readNumber, readObject, readText, requireText } from '../openai/read-members.ts'

const KINDS = ['thumbs', 'score', 'edit', 'outcome'] as const
const UNIT = { least: 0, most: 1 } as const

/**
 * `POST /v1/feedback`: what somebody says of an answer, or what became of it. About the caller's own tasks only; that a task is of another
 * tenant looks as if there were none.
 */
export async function answerFeedback(exchange: Exchange, context: GatewayContext): Promise<void> {
  const body = parseJsonBody(await readBody(exchange.request, context.limits.bodyBytesMax))
  const { event, effect } = await context.node.records.addFeedback({
    tenant: exchange.who.caller.tenant,
    ...parseFeedback(body),
  })
  const { feedback_id, event_id: task_id, trace_id, kind, value } = event
  respondJson(exchange, JSON.stringify({ feedback_id, effect, task_id, trace_id, kind, value }))
}

function parseFeedback(body: JsonObject): Omit<NewFeedback, 'tenant'> {
  const feedbackId = readText(body['feedback_id'], 'feedback_id')
  const source = readText(body['source'], 'source')
  if (source !== undefined && source !== 'user' && source !== 'system')
    throw invalidRequest('source', 'source must be user or system')
  return {
    about: parseSubject(body),
    judgement: parseJudgement(body),
    ...(feedbackId !== undefined && { feedbackId }),
    ...(source !== undefined && { source }),
  }
}

function parseSubject(body: JsonObject): NewFeedback['about'] {
  const task = readText(body['task_id'], 'task_id')
  const traceId = readText(body['trace_id'], 'trace_id')
  if ((task === undefined) === (traceId === undefined))
    throw invalidRequest('task_id', 'Give one of task_id and trace_id')
  if (traceId !== undefined) return { traceId }
  // Clients of the chat interface know a task by the id of its completion.
  const taskId = parseTaskId(requireText(task, 'task_id').replace(/^chatcmpl-/, ''))
  if (taskId === undefined) throw invalidRequest('task_id', 'task_id is not the id of a task')
  return { taskId }
}

function parseJudgement(body: JsonObject): Judgement {
  const given = KINDS.filter((kind) => body[kind] !== undefined && body[kind] !== null)
  const [kind] = given
  if (kind === undefined || given.length > 1) throw invalidRequest(given[1], `Give one of ${KINDS.join(', ')}`)
  switch (kind) {
    case 'thumbs': {
      const thumbs = readText(body['thumbs'], 'thumbs')
      if (thumbs !== 'up' && thumbs !== 'down') throw invalidRequest('thumbs', 'thumbs must be up or down')
      return { kind: 'thumbs', isUp: thumbs === 'up' }
    }
    case 'score':
      return { kind: 'score', score: readNumber(body['score'], 'score', UNIT) ?? 0 }
    case 'edit':
      return parseEdit(readObject(body['edit'], 'edit') ?? {})
    case 'outcome': {
      const isSuccess = readBoolean(readObject(body['outcome'], 'outcome')?.['success'], 'outcome.success')
      if (isSuccess === undefined) throw invalidRequest('outcome.success', 'outcome.success must be true or false')
      return { kind: 'outcome', isSuccess }
    }
  }
}

function parseEdit(edit: JsonObject): Judgement {
  const distance = readNumber(edit['distance'], 'edit.distance', UNIT)
  const original = readText(edit['original'], 'edit.original')
  const edited = readText(edit['edited'], 'edit.edited')
  if (distance !== undefined) {
    if (original !== undefined || edited !== undefined)
      throw invalidRequest('edit', 'edit takes distance, or original and edited')
    return { kind: 'edit', distance }
  }
  if (original === undefined || edited === undefined)
    throw invalidRequest('edit', 'edit takes distance, or original and edited')
  return { kind: 'edited', original, edited }
}
