import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { parseCivilDate, type CivilDate } from '../../core/models/civil-date.ts'
import {
  mergePriceLists,
  type NamedPriceList,
  type PriceConflict,
} from '../../core/models/price-lists/merge-price-lists.ts'
import { parsePriceList } from '../../core/models/price-lists/parse-price-list.ts'
import {
  PRICE_LIST_FORMATS,
  type PriceListFormat,
  type PriceListOrigin,
  type PriceRow,
  type RefusedRow,
} from '../../core/models/price-lists/price-row.ts'

export type PriceListImport = {
  readonly format: PriceListFormat
  /** Text of the list, untrusted. */
  readonly text: string
  /** File or address, for people. */
  readonly source: string
  /** Day on which the list was read. */
  readonly checkedOn: CivilDate
  /** The provider that a Portkey file is about. */
  readonly provider?: string
}

export type ImportedPriceList = {
  readonly name: string
  readonly rowCount: number
  readonly refused: readonly RefusedRow[]
  readonly skippedCount: number
  /** Models whose price differs between this list and others that were imported, or the operator's own entries. */
  readonly conflicts: readonly PriceConflict[]
}

/** A stored list: the document as it came, and where from. It is parsed again at each start, so a better parser needs no new import. */
type StoredList = PriceListOrigin & { readonly format: PriceListFormat; readonly document: unknown }

const FOLDER = 'price-lists'

/** Folder of a data directory that holds its imported lists. */
export function priceListFolder(dataDir: string): string {
  return join(dataDir, FOLDER)
}

/**
 * Keeps a price list in the data directory; one list of a format (and provider) replaces the one before it. A running node reads it at its next start.
 *
 * Throws `REQUEST_INVALID` when the text is not a list of that format, `STORE_WRITE_FAILED` when it cannot be kept.
 */
export async function importPriceList(dataDir: string, init: PriceListImport): Promise<ImportedPriceList> {
  const { format, source, checkedOn, provider } = init
  const document = parseJson(init.text, source)
  const origin = { source: `${format} list, ${source}`, checkedOn, ...(provider !== undefined && { provider }) }
  const parsed = parsePriceList(format, document, origin)
  if (parsed === undefined || parsed.rows.length === 0) {
    throw new CodedError('REQUEST_INVALID', {
      message: `${source} is not a price list in the format ${format}`,
      details: { format, source },
    })
  }
  const name = provider === undefined ? format : `${format}-${provider.replaceAll(/[^A-Za-z0-9.-]/g, '_')}`
  const others = (await readImportedPriceLists(dataDir)).filter((list) => list.source !== name)
  await store(priceListFolder(dataDir), name, { ...origin, format, document })
  const merged = mergePriceLists([{ source: name, rows: parsed.rows }, ...others])
  const conflicts = merged.conflicts.filter((conflict) => conflict.prices[name] !== undefined)
  return { name, rowCount: parsed.rows.length, refused: parsed.refused, skippedCount: parsed.skippedCount, conflicts }
}

/**
 * The lists that were imported, most recently read first, so that the newest price wins where they differ.
 *
 * Throws `STORE_CORRUPTED` for a stored list that cannot be read back.
 */
export async function readImportedPriceLists(dataDir: string): Promise<readonly NamedPriceList[]> {
  const folder = priceListFolder(dataDir)
  const files = (await listFolder(folder)).filter((file) => file.endsWith('.json')).sort()
  const lists = await Promise.all(
    files.map(async (file) => await readStored(join(folder, file), file.slice(0, -'.json'.length))),
  )
  return lists
    .sort((left, right) => (left.checkedOn < right.checkedOn ? 1 : -1))
    .map(({ source, rows }) => ({ source, rows }))
}

/** One row per provider and model of all imported lists together. Throws as `readImportedPriceLists`. */
export async function readImportedRows(dataDir: string): Promise<readonly PriceRow[]> {
  return mergePriceLists(await readImportedPriceLists(dataDir)).rows
}

async function readStored(path: string, name: string): Promise<NamedPriceList & { readonly checkedOn: CivilDate }> {
  const list = toStoredList(parsedOrUndefined(await readFile(path, 'utf8')))
  const parsed = list && parsePriceList(list.format, list.document, list)
  if (list === undefined || parsed === undefined) {
    throw new CodedError('STORE_CORRUPTED', { message: `${path} is not a stored price list`, details: { path } })
  }
  return { source: name, rows: parsed.rows, checkedOn: list.checkedOn }
}

function toStoredList(stored: unknown): StoredList | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined
  const { format, source, checkedOn, provider, document }: Partial<Record<keyof StoredList, unknown>> = stored
  const known = PRICE_LIST_FORMATS.find((one) => one === format)
  const day = typeof checkedOn === 'string' ? parseCivilDate(checkedOn) : undefined
  if (known === undefined || typeof source !== 'string' || day === undefined) return undefined
  return { format: known, source, checkedOn: day, document, ...(typeof provider === 'string' && { provider }) }
}

/** Written beside and moved into place: a list is there whole or not at all. */
async function store(folder: string, name: string, list: StoredList): Promise<void> {
  const file = join(folder, `${name}.json`)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(`${file}.new`, `${JSON.stringify(list)}\n`)
    await rename(`${file}.new`, file)
  } catch (cause) {
    throw new CodedError('STORE_WRITE_FAILED', { message: `${file} cannot be written`, cause, details: { file } })
  }
}

async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw new CodedError('STORE_READ_FAILED', { message: `${folder} cannot be read`, cause: error })
  }
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CodedError('REQUEST_INVALID', { message: `${source} is not JSON`, details: { source } })
  }
}
