import { type UseLedgerInit, useLedger } from '../../fleet/open-shared.ts'
import { createSystemRandom } from '../../system-random.ts'
import { exportBooks, type ExportBooksInit, type ExportedBooks } from './export-books.ts'

/** Bytes of a fleet's secret. */
const SECRET_BYTES = 32

/** As `exportBooks`, from wherever the configuration says that the books are. Rejects as that, and as `useLedger`. */
export async function exportBooksOf({
  config,
  environment,
  ...init
}: Omit<ExportBooksInit, 'ledger'> & Omit<UseLedgerInit, 'secret'>): Promise<ExportedBooks> {
  const secret = createSystemRandom().bytes(SECRET_BYTES)
  return await useLedger({ config, environment, secret }, async (ledger) => await exportBooks({ ...init, ledger }))
}
