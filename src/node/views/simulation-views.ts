import { type Dirent, constants } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { outgoingDocument } from '../outgoing-text.ts'

/** Folder of the data directory in which reports are looked for. */
export const SIMULATIONS_FOLDER = 'simulations'
const REPORTS_MAX = 1_000
const REPORT_BYTES_MAX = 4 * 1024 * 1024
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.json$/

type Place = { readonly config: { readonly dataDir: string } }

/** Reports of `kernell simulate --json` that lie in the data directory, newest first. */
export async function viewSimulations({ config: { dataDir } }: Place): Promise<JsonValue> {
  const folder = join(dataDir, SIMULATIONS_FOLDER)
  const entries = await readdir(folder, { withFileTypes: true }).catch((): Dirent[] => [])
  const names = entries.filter((entry) => entry.isFile() && NAME.test(entry.name)).map(({ name }) => name)
  const reports: { name: string; bytes: number; at: number }[] = []
  for (const name of names.slice(0, REPORTS_MAX)) {
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found !== undefined) reports.push({ name, bytes: found.size, at: Math.round(found.mtimeMs) })
  }
  return { folder, reports: reports.toSorted((one, other) => other.at - one.at), total: names.length }
}

/** One report, as it is. Throws `VIEW_SUBJECT_UNKNOWN` for what is none: absent, too long, or no JSON. */
export async function viewSimulation(
  { config: { dataDir } }: Place,
  { id = '' }: { readonly id?: string | undefined },
): Promise<JsonValue> {
  if (!NAME.test(id)) throw unknownReport(id, 'is not the name of a report')
  const text = await readReport(join(dataDir, SIMULATIONS_FOLDER, id))
  if (text === undefined) throw unknownReport(id, `is not there, or longer than ${REPORT_BYTES_MAX} bytes`)
  try {
    // JSON.parse gives nothing else.
    return { name: id, report: outgoingDocument(JSON.parse(text) as JsonValue) }
  } catch {
    throw unknownReport(id, 'is no JSON')
  }
}

async function readReport(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      const found = await file.stat()
      return found.isFile() && found.size <= REPORT_BYTES_MAX ? await file.readFile('utf8') : undefined
    } finally {
      await file.close()
    }
  } catch {
    return undefined
  }
}

function unknownReport(id: string, what: string): CodedError {
  const name = id.slice(0, 128)
  return new CodedError('VIEW_SUBJECT_UNKNOWN', { message: `${JSON.stringify(name)} ${what}`, details: { id: name } })
}
