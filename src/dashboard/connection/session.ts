/** Who the page speaks for: the token in this tab, and nowhere else. It ends with the tab, and never stands in an address. */

const KEY = 'kernell-token'
const TICKET = /^#token=([A-Za-z0-9_-]{1,256})$/

export function storedToken(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined
}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token)
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY)
}

/** The ticket of the link that the page was opened with; it is taken out of the address and the history at once. */
export function takeTicket(): string | undefined {
  const ticket = TICKET.exec(location.hash)?.[1]
  if (ticket !== undefined) history.replaceState(null, '', `${location.pathname}#/`)
  return ticket
}
