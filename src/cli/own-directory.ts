import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { priceListFolder } from '../node/prices/imported-price-lists.ts'

/**
 * Work in a directory of its own that is removed afterwards: a running node is not disturbed. `withPricesOf` names a data directory whose
 * imported price lists count there, too.
 */
export async function inOwnDirectory<Result>(
  work: (dataDir: string) => Promise<Result>,
  { withPricesOf }: { readonly withPricesOf?: string } = {},
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'kernell-evaluation-'))
  try {
    if (withPricesOf !== undefined) await copyPriceLists(withPricesOf, directory)
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function copyPriceLists(from: string, to: string): Promise<void> {
  try {
    await cp(priceListFolder(from), priceListFolder(to), { recursive: true })
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isMissing) throw error
  }
}
