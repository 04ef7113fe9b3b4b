import type { ContractId, Did, Hash } from '../../../core/evidence/names.ts'

export type FileLoan = {
  readonly contract: ContractId
  readonly nodes: ReadonlySet<Did>
  readonly hashes: ReadonlySet<Hash>
}

/** Files that nodes may have which are no party of their contract: those that run a disputed task again. Whoever lends ends it. */
export class FileLoans {
  private readonly loans = new Set<FileLoan>()

  /** @returns Ends it. */
  lend(loan: FileLoan): () => void {
    this.loans.add(loan)
    return () => void this.loans.delete(loan)
  }

  isLent(contract: ContractId, node: Did, hash: Hash): boolean {
    for (const loan of this.loans)
      if (loan.contract === contract && loan.nodes.has(node) && loan.hashes.has(hash)) return true
    return false
  }
}
