import { parseModelId } from '../../base/identifiers.ts'
import type { RouteTarget } from '../../ports/router.ts'
import { invalidRequest } from '../invalid-request.ts'
import { PUBLIC_MODELS } from '../openai/public-models.ts'

/** Who answers, by the name of a model. Throws `REQUEST_INVALID`. */
export function readTarget(modelName: string): RouteTarget {
  const known = PUBLIC_MODELS.get(modelName)
  if (known !== undefined) return known.target
  const modelId = parseModelId(modelName)
  if (modelId === undefined)
    throw invalidRequest('model', 'model must be 1 to 200 printable ASCII characters without spaces')
  return { kind: 'model', modelId }
}
