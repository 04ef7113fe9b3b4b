/**
 * `node test/fuzz/collect/collect-samples.ts TEST...` with `KERNELL_FUZZ_SAMPLES=FOLDER`: writes down what the decoders are given by tests and take, one file for
 * each process. `npm run fuzz -- --collect FOLDER` makes the corpus of it.
 */
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'
import { ROOT } from '../../repo/repository.ts'
import { findDecoders } from '../discover.ts'

const RECORDER = fileURLToPath(new URL('record-sample.ts', import.meta.url))
const decoders = findDecoders()

await startVitest(
  'test',
  process.argv.slice(2),
  { config: false, pool: 'forks', maxWorkers: 1, isolate: false, testTimeout: 60_000, watch: false },
  { plugins: [{ name: 'record-samples', enforce: 'pre', transform: withRecorder }] },
)

/** The module, with every decoder in it behind one of the same name that also writes down what it was given. */
function withRecorder(code: string, id: string): string | undefined {
  const file = relative(ROOT, id.split('?')[0] ?? id)
  const inside = decoders.filter((decoder) => decoder.file === file && decoder.kind !== undefined)
  if (inside.length === 0) return undefined
  let changed = code
  for (const { exported, name } of inside) {
    const declaration = new RegExp(`^export (async )?function ${exported}\\b`, 'm')
    if (!declaration.test(changed)) continue
    changed = `${changed.replace(declaration, `$1function ${exported}$Inner`)}
export function ${exported}(...given: unknown[]): any { return recordSample('${name}', ${exported}$Inner as any, given) }`
  }
  return changed === code ? undefined : `import { recordSample } from '${RECORDER}'\n${changed}`
}
