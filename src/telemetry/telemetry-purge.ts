/** What to delete: everything, one tenant's records, or those before an ISO 8601 instant. */
export type TelemetryPurge =
  | { readonly kind: 'all' }
  | { readonly kind: 'tenant'; readonly tenant: string }
  | { readonly kind: 'before'; readonly before: string }
