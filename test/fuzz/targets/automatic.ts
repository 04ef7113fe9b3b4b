import { INVALID } from '../../../src/core/json/json-reader.ts'
import { ROOT } from '../../repo/repository.ts'
import { findDecoders, type FoundDecoder } from '../discover.ts'
import { parseSample, readCorpus } from '../samples.ts'
import type { Target } from '../target.ts'
import { EXCEPTIONS } from './exceptions.ts'
import { RECHECKS } from './rechecks.ts'

/** A target by its name: what it needs is loaded when it is its turn. */
export type LazyTarget = {
  readonly name: string
  /** Decoders that are tried by it besides the one it is called after. */
  readonly covers?: readonly string[]
  readonly load: () => Promise<Target>
}

/** Every decoder of `src` that has samples and is no exception. */
export function automaticTargets(): readonly LazyTarget[] {
  const corpus = readCorpus()
  return findDecoders().flatMap((decoder) => {
    const samples = corpus[decoder.name]
    if (decoder.kind === undefined || samples === undefined || decoder.name in EXCEPTIONS) return []
    return [{ name: decoder.name, load: async () => await loadTarget(decoder, samples.map(parseSample)) }]
  })
}

async function loadTarget({ name, file, exported, kind }: FoundDecoder, samples: Target['samples']): Promise<Target> {
  const module = (await import(`${ROOT}/${file}`)) as Record<string, (...given: readonly unknown[]) => unknown>
  const decode = module[exported]
  if (decode === undefined || kind === undefined) throw new RangeError(`${name} cannot be called`)
  const recheck = RECHECKS[name]
  return {
    name,
    kind,
    samples,
    read: (input, rest) => {
      const result = decode(input, ...rest)
      return result === INVALID ? undefined : result
    },
    ...(recheck !== undefined && { recheck }),
  }
}
