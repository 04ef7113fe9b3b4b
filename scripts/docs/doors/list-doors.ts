import { readFileSync } from 'node:fs'

/** A door of the package: a module that package.json lets others import. */
export type Door = {
  /** As it is imported: `kernell-os/router`. */
  readonly specifier: string
  /** For names of files: `router`, `wasm-browser`; the door without a name is `kernell-os`. */
  readonly slug: string
  /** The declarations that TypeScript reads, from the root of the repository. */
  readonly types: string
  /** Made by a tool from another language's interface, so that what it says is not written here. */
  readonly isTranslated: boolean
}

/** The doors of the exports map that are modules, in its order. */
export function listDoors(): readonly Door[] {
  const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly name: string
    readonly exports: Readonly<Record<string, string | { readonly types: string }>>
  }
  return Object.entries(exports).flatMap(([path, target]): readonly Door[] => {
    if (typeof target === 'string') return []
    const slug = path === '.' ? name : path.slice(2).replaceAll('/', '-')
    const specifier = path === '.' ? name : `${name}/${path.slice(2)}`
    const types = target.types.replace('./', '')
    return [{ specifier, slug, types, isTranslated: types.startsWith('dist/wasm/') }]
  })
}
