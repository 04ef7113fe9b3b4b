import { type ListTasksRequest, type ListTasksResponse, Task, TaskState, taskStateFromJSON } from '@a2a-js/sdk'
import { RequestMalformedError } from '@a2a-js/sdk/errors'

/** Reads the query of `GET /a2a/tasks`. Throws `RequestMalformedError`. */
export function readListQuery(query: URLSearchParams): ListTasksRequest {
  const pageSize = readWhole(query, 'pageSize')
  const historyLength = readWhole(query, 'historyLength')
  const status = query.get('status') ?? ''
  return {
    tenant: query.get('tenant') ?? '',
    contextId: query.get('contextId') ?? '',
    status: status === '' ? TaskState.TASK_STATE_UNSPECIFIED : taskStateFromJSON(status),
    pageToken: query.get('pageToken') ?? '',
    statusTimestampAfter: query.get('statusTimestampAfter') ?? undefined,
    includeArtifacts: query.get('includeArtifacts') === 'true',
    ...(pageSize !== undefined && { pageSize }),
    ...(historyLength !== undefined && { historyLength }),
  }
}

/** A whole number of 0 or more. Throws `RequestMalformedError`. */
export function readWhole(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new RequestMalformedError(`${name} must be a whole number, 0 or more`)
}

/** The list with all of its members, also those that are empty: how many there are is part of the answer. */
export function formatTaskList(response: ListTasksResponse, hasArtifacts: boolean): unknown {
  const { tasks, nextPageToken, pageSize, totalSize } = response
  const withArtifacts = (task: Task): unknown => ({ artifacts: [], ...(Task.toJSON(task) as object) })
  return {
    tasks: tasks.map((task) => (hasArtifacts ? withArtifacts(task) : Task.toJSON(task))),
    nextPageToken,
    pageSize,
    totalSize,
  }
}
