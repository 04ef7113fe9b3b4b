/** Name of the agent behind offers of paid skills. */
export const PAID_AGENT = 'a2a'
