/** Several keepers of the same books have the same balances. @returns The first difference. */
export function booksAgree(books: ReadonlyMap<string, ReadonlyMap<string, bigint>>): string | undefined {
  const [first, ...others] = books
  if (first === undefined) return undefined
  for (const [name, balances] of others) {
    for (const [account, nanos] of first[1])
      if (balances.get(account) !== nanos)
        return `${account} has ${nanos} by ${first[0]} and ${balances.get(account) ?? 'nothing'} by ${name}`
    for (const account of balances.keys())
      if (!first[1].has(account)) return `${name} has ${account}, and ${first[0]} has not`
  }
  return undefined
}
