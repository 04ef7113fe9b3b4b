import { RequestMalformedError } from '@a2a-js/sdk/errors'
import { parseTaskId } from '../../base/identifiers.ts'
import type { AgentTaskPlace } from '../../ports/agent-task-store.ts'

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** The place that a page of tasks ends with, as clients hand it back for the next one. */
export function writeCursor({ timestamp, id }: AgentTaskPlace): string {
  return Buffer.from(`${timestamp}|${id}`).toString('base64url')
}

/** Throws `RequestMalformedError`. */
export function readCursor(token: string): AgentTaskPlace {
  const [timestamp = '', id = ''] = Buffer.from(token, 'base64url').toString('utf8').split('|')
  if (!INSTANT.test(timestamp) || parseTaskId(id) === undefined)
    throw new RequestMalformedError('The page token is not one of this node')
  return { timestamp, id }
}
