/** A component as JavaScript and the core modules that it calls. */
export type TranslatedComponent = {
  /** Interfaces and functions that it asks for, without versions. */
  readonly imports: readonly string[]
  /** Names of `files`; the first is the JavaScript. */
  readonly names: readonly string[]
  readonly files: readonly Uint8Array[]
}

const SCRIPT_NAME = 'guest.js'

/** Translates a component in this thread: who made it may have aimed at the translator as well. Throws what the translator throws for bytes that are no component. */
export async function translateComponent(bytes: Uint8Array): Promise<TranslatedComponent> {
  const translator = await import('@bytecodealliance/jco-transpile/component')
  await translator.$init
  const { files, imports } = translator.generate(bytes, {
    name: 'guest',
    noTypescript: true,
    instantiation: { tag: 'sync' },
    noNodejsCompat: true,
    base64Cutoff: 0,
  })
  const script = files.find(([name]) => name === SCRIPT_NAME)
  if (script === undefined) throw new SyntaxError('The translation has no JavaScript.')
  const sorted = [script, ...files.filter(([name]) => name.endsWith('.wasm'))]
  return { imports, names: sorted.map(([name]) => name), files: sorted.map(([, content]) => content) }
}
