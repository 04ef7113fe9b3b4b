import { CodedError } from '../../base/errors.ts'
import type { ModelCatalog } from '../../ports/model-catalog.ts'
import type { NodeConfig } from '../config/node-config.ts'

/** Throws `CONFIG_INVALID` for a judge that nothing serves. */
export function judgeOf({ router }: NodeConfig, catalog: ModelCatalog): { readonly judgeModelId?: string } {
  if (router.judge === undefined) return {}
  const entry = catalog.registry.find(router.judge)
  if (entry !== undefined && catalog.available.some(({ id }) => id === entry.id)) return { judgeModelId: entry.id }
  throw new CodedError('CONFIG_INVALID', {
    message: `router.judge names ${JSON.stringify(router.judge)}, which no configured provider serves`,
  })
}
