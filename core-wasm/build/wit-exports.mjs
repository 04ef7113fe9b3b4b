// Compiler transform: an exported function below a line `// @wit NAME` is exported as NAME, which may hold characters that no
// identifier can (`kernell:core/vectors@0.1.0#[method]index.search`).
import { Transform } from 'assemblyscript/transform'

const WIT_EXPORT = /^\/\/ @wit (\S+)\s*\r?\n\s*export function (\w+)/gm

export class WitExports extends Transform {
  names = new Map()

  afterParse(parser) {
    for (const source of parser.sources) {
      if (source.normalizedPath.startsWith('~lib')) continue
      for (const [, name, identifier] of source.text.matchAll(WIT_EXPORT)) this.names.set(identifier, name)
    }
  }

  afterCompile(module) {
    for (let at = module.getNumExports() - 1; at >= 0; at -= 1) {
      const info = this.binaryen.getExportInfo(module.getExportByIndex(at))
      const name = this.names.get(info.name)
      if (name === undefined) continue
      module.addFunctionExport(info.value, name)
      module.removeExport(info.name)
    }
  }
}
