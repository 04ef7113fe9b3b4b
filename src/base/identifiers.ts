import type { Brand } from './brands.ts'

/** Whoever pays and whose data is kept apart: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`. */
export type TenantId = Brand<string, 'TenantId'>

/** One request through the router, unique per node. Same alphabet as `TenantId`. */
export type TaskId = Brand<string, 'TaskId'>

/** Name of a model in the registry: 1 to 200 printable ASCII characters without spaces. */
export type ModelId = Brand<string, 'ModelId'>

/** The tenant of a node that has no API keys configured. */
export const DEFAULT_TENANT: TenantId = 'default' as TenantId

const TOKEN_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/
const MODEL_PATTERN = /^[\x21-\x7e]{1,200}$/

/** Reads a tenant id; `undefined` when the text is not one. */
export function parseTenantId(text: string): TenantId | undefined {
  return TOKEN_PATTERN.test(text) ? (text as TenantId) : undefined
}

/** Reads a task id; `undefined` when the text is not one. */
export function parseTaskId(text: string): TaskId | undefined {
  return TOKEN_PATTERN.test(text) ? (text as TaskId) : undefined
}

/** Reads a model id; `undefined` when the text is not one. */
export function parseModelId(text: string): ModelId | undefined {
  return MODEL_PATTERN.test(text) ? (text as ModelId) : undefined
}
