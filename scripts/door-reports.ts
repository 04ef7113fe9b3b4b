/** Writes the signatures of all doors into `test/repo/doors/`, from the built package: `npm run build && node scripts/door-reports.ts`. A test holds the package to them. */
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readDoors } from './docs/doors/read-doors.ts'

const FOLDER = join('test', 'repo', 'doors')

const doors = readDoors()
mkdirSync(FOLDER, { recursive: true })
for (const file of globSync(join(FOLDER, '*.api.md'))) rmSync(file)
for (const { slug, report } of doors) writeFileSync(join(FOLDER, `${slug}.api.md`), report)
console.log(`${doors.length} reports in ${FOLDER}`)
