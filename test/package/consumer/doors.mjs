// Imports every door of the installed package that is a module, as a stranger does.
import { readFile } from 'node:fs/promises'

const manifest = JSON.parse(await readFile('node_modules/kernell-os/package.json', 'utf8'))
const doors = Object.keys(manifest.exports).filter((door) => !/\.(?:json|wasm)$/.test(door))
const empty = []
for (const door of doors) {
  const module = await import(`kernell-os${door.slice(1)}`)
  if (Object.keys(module).length === 0 && door !== './ports') empty.push(door)
}
if (empty.length > 0) throw new Error(`${empty.join(', ')} export nothing`)
console.log(`${doors.length} doors`)
