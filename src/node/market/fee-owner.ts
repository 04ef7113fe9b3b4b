export { feeOwnerOf, termsOfSet } from '../../market/notary/epoch-entry.ts'
