import { readFile } from 'node:fs/promises'
import { INJECTION_HASH_RECIPE, parseInjectionModel, type InjectionModel } from '../core/injection/injection-model.ts'
import { createModelScorer, createRulesScorer, type InjectionScorer } from '../core/injection/score-text.ts'
import type { PolicyKernel } from '../ports/policy-kernel.ts'
import type { VectorKernel } from '../ports/vector-kernel.ts'
import { TextGuard } from '../router/untrusted/text-guard.ts'
import type { UntrustedConfig } from './config/node-config.ts'
import { unreadableFile } from './unreadable-file.ts'

/** A scorer over the kernels of this node; the evaluation and the served node open it in the same way. Without a model: the rules. */
export function openInjectionScorer(
  kernel: VectorKernel & PolicyKernel,
  model: InjectionModel | undefined,
): InjectionScorer {
  if (model === undefined) return createRulesScorer()
  return createModelScorer(model, {
    hasher: kernel.createTextHasher({ dims: 2, recipe: INJECTION_HASH_RECIPE }),
    scorer: kernel.loadModel(model.linear),
  })
}

/** What looks at texts, by the configuration; `undefined` where the operator switched it off. Throws as `readInjectionModel`. */
export async function openTextGuard(
  kernel: VectorKernel & PolicyKernel,
  { isEnabled, model, rules }: UntrustedConfig,
): Promise<TextGuard | undefined> {
  if (!isEnabled) return undefined
  const read = model === undefined ? undefined : await readInjectionModel(model)
  const pause = async (): Promise<void> => await new Promise((resolve) => void setImmediate(resolve))
  return new TextGuard({ scorer: openInjectionScorer(kernel, read), rules, pause })
}

/** Throws `INJECTION_MODEL_INVALID` for a file that is damaged, of another version, or cannot be read. */
async function readInjectionModel(path: string): Promise<InjectionModel> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause: unknown) {
    throw unreadableFile('INJECTION_MODEL_INVALID', { named: `The injection model ${path}`, file: path, cause })
  }
  return parseInjectionModel(text)
}
