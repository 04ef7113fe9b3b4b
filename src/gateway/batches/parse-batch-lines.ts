import { completeMessage } from '../anthropic/messages-endpoint.ts'
import { isJsonObject, type JsonObject, parseJsonBody } from '../listener/parse-json-body.ts'
import { completeChat } from '../openai/chat-endpoint.ts'
import { completeEmbeddings } from '../openai/embeddings-endpoint.ts'
import { completeResponse } from '../responses/create-response-endpoint.ts'
import type { CompleteTask } from '../tasks/form-route-request.ts'
import type { BatchFault } from './batch-document.ts'

/** What the tasks of a batch may ask for. */
export const BATCH_ENDPOINTS: ReadonlyMap<string, CompleteTask> = new Map<string, CompleteTask>([
  ['/v1/chat/completions', completeChat],
  ['/v1/responses', completeResponse],
  ['/v1/embeddings', completeEmbeddings],
  ['/v1/messages', completeMessage],
])

/** Tasks of one batch. */
export const LINES_MAX = 10_000
/** Faults that are told of one file. */
const FAULTS_MAX = 100
const CUSTOM_ID_LENGTH_MAX = 512

export type BatchLine = { readonly customId: string; readonly body: JsonObject }

export type ParsedLines =
  | { readonly isSound: true; readonly lines: readonly BatchLine[] }
  | { readonly isSound: false; readonly faults: readonly BatchFault[] }

/** Reads the file of a batch: a task in each line, with a `custom_id` of its own. All of it is read before anything is begun, so that nobody pays for half of a file. */
export function parseBatchLines(content: Uint8Array, endpoint: string): ParsedLines {
  const lines: BatchLine[] = []
  const faults: BatchFault[] = []
  const known = new Set<string>()
  let at = 0
  for (let start = 0; start < content.length && faults.length < FAULTS_MAX; at += 1) {
    const found = content.indexOf(10, start)
    const end = found === -1 ? content.length : found
    const bytes = Buffer.from(content.buffer, content.byteOffset + start, end - start)
    start = end + 1
    if (isBlank(bytes)) continue
    if (lines.length >= LINES_MAX) {
      faults.push(fault('too_many_tasks', `A batch may hold ${LINES_MAX} tasks`, { line: at + 1 }))
      break
    }
    const line = parseLine(bytes, { at, endpoint, known })
    if ('fault' in line) faults.push(line.fault)
    else lines.push(line)
  }
  if (lines.length === 0 && faults.length === 0) faults.push(fault('empty_file', 'The file holds no task'))
  return faults.length === 0 ? { isSound: true, lines } : { isSound: false, faults }
}

type LineInit = { readonly at: number; readonly endpoint: string; readonly known: Set<string> }

function parseLine(bytes: Buffer, { at, endpoint, known }: LineInit): BatchLine | { readonly fault: BatchFault } {
  const wrong = (code: string, message: string, param: string | null = null): { readonly fault: BatchFault } => ({
    fault: fault(code, message, { line: at + 1, param }),
  })
  let line: JsonObject
  try {
    line = parseJsonBody(bytes)
  } catch {
    return wrong('invalid_json_line', 'The line is not a JSON object')
  }
  const { custom_id: customId, method, url, body } = line
  if (typeof customId !== 'string' || customId === '' || customId.length > CUSTOM_ID_LENGTH_MAX)
    return wrong(
      'invalid_custom_id',
      `custom_id must be a text of 1 to ${CUSTOM_ID_LENGTH_MAX} characters`,
      'custom_id',
    )
  if (known.has(customId)) return wrong('duplicate_custom_id', 'custom_id is used by a line before', 'custom_id')
  known.add(customId)
  if (method !== 'POST') return wrong('invalid_method', 'method must be POST', 'method')
  if (url !== endpoint) return wrong('mismatched_url', 'url must be the endpoint of the batch', 'url')
  if (!isJsonObject(body)) return wrong('missing_body', 'body must be an object', 'body')
  return { customId, body }
}

export function fault(
  code: string,
  message: string,
  { line, param }: { readonly line?: number; readonly param?: string | null } = {},
): BatchFault {
  return { code, line: line ?? null, message, param: param ?? null }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 32 || byte === 9 || byte === 13)
}
